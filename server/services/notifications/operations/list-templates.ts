import type { Ctx } from '../../../kernel/context.js'
import { paginateByName } from '../../../kernel/pagination.js'
import type { MessageDefinition } from '../../../messages/catalogue/message-definition.js'
import { MESSAGES } from '../../../messages/catalogue/messages.js'
import { listTemplateRows } from '../models/template.js'
import { presentTemplate } from '../present/templates.js'
import type { ListTemplatesQuery } from '../schemas/templates.js'
import { type SeenTemplate, TEMPLATES_MAX } from './find-template.js'

const SHIPPED = Object.entries<MessageDefinition>(MESSAGES)

/** A page of all templates of the caller's tenant by key: those that are shipped, changed or not, and its own. */
export function listTemplates(ctx: Ctx, query: ListTemplatesQuery) {
  return paginateByName(
    ctx,
    'notification-templates',
    query,
    ({ key }) => key,
    async ({ after, limit }) => {
      const all = await seenTemplates(ctx)
      return all.filter((one) => (after === null || one.key > after) && matches(one, query)).slice(0, limit)
    },
    presentTemplate,
  )
}

/** Bounded by what is shipped and by TEMPLATES_MAX, so that merging and filtering is done here. */
async function seenTemplates(ctx: Ctx): Promise<SeenTemplate[]> {
  const rows = await listTemplateRows(ctx, TEMPLATES_MAX + SHIPPED.length)
  const own = rows.filter((row) => row.own)
  return [
    ...SHIPPED.map(([key, shipped]) => ({ key, shipped, row: rows.find((row) => row.key === key) ?? null })),
    ...own.map((row) => ({ key: row.key, shipped: undefined, row })),
  ].sort((a, b) => (a.key < b.key ? -1 : 1))
}

function matches({ shipped, row }: SeenTemplate, { origin, category }: ListTemplatesQuery): boolean {
  if (origin !== undefined && (origin === 'shipped') !== (shipped !== undefined)) return false
  return category === undefined || category === (shipped?.category ?? row?.own?.category)
}
