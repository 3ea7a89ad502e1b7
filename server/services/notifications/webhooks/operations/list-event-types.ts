import type { Ctx } from '../../../../kernel/context.js'
import { snakeCase } from '../rules/payload.js'
import { eventTypes } from './event-catalogue.js'

/** When the examples happened. */
const EXAMPLE_TIME = '2026-11-25T12:00:00.000Z'

/** Every event type with what it means and a payload as it is sent; one page. */
export function listEventTypes(ctx: Ctx) {
  const data = eventTypes(ctx).map(({ type, declaration }) => ({
    type,
    service: type.slice(0, type.indexOf('.')),
    description: declaration.about,
    example: { type, timestamp: EXAMPLE_TIME, data: snakeCase(declaration.example) },
  }))
  return { data, next_cursor: null, has_more: false }
}
