import type { EventDeclaration, EventName } from '../../../kernel/events.js'

/** What templates tell others; payloads hold no words. */
declare module '../../../kernel/events.js' {
  interface Events {
    'notifications.template.published': { key: string; version: number }
    'notifications.template.unpublished': { key: string }
  }
}

/** Events of templates; part of the service's catalogue. */
export const templateEvents = {
  'notifications.template.published': {
    about: 'A version of a template is in use from now on.',
    example: { key: 'announcement', version: 3 },
  },
  'notifications.template.unpublished': {
    about: "The organisation's own words of a template are no longer in use.",
    example: { key: 'announcement' },
  },
} as const satisfies { readonly [N in EventName]?: EventDeclaration<N> }
