import type { Ctx } from '../../../../kernel/context.js'
import type { EventDeclaration, EventName } from '../../../../kernel/events.js'
import { webhookErrors } from '../errors.js'
import { unknownSubscriptions } from '../rules/event-types.js'
import { snakeCase } from '../rules/payload.js'

/** An event that tenants are told of. */
export interface EventType {
  type: EventName
  declaration: EventDeclaration
}

/** The events that tenants are told of, by name. */
export function eventTypes({ resources }: Ctx): EventType[] {
  return [...resources.assembly.events]
    .filter(([, { internal }]) => internal === undefined)
    .map(([type, declaration]) => ({ type, declaration }))
    .sort((a, b) => (a.type < b.type ? -1 : 1))
}

/** The data of an event type's example, as it would be sent; undefined for a type there is not. */
export function exampleData(ctx: Ctx, type: string): unknown {
  const found = eventTypes(ctx).find((one) => one.type === type)
  return found && snakeCase(found.declaration.example)
}

/** Throws where a subscription could never reach anything. */
export function refuseUnknownTypes(ctx: Ctx, subscriptions: readonly string[] | undefined): void {
  const types = unknownSubscriptions(
    subscriptions ?? [],
    eventTypes(ctx).map(({ type }) => type),
  )
  if (types.length > 0) throw new webhookErrors.WebhookEventTypesUnknown({ types })
}
