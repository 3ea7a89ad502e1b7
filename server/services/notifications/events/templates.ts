/** What templates tell others; payloads hold no words. */
declare module '../../../kernel/events.js' {
  interface Events {
    'notifications.template.published': { key: string; version: number }
    'notifications.template.unpublished': { key: string }
  }
}

export type {}
