import type { Ctx } from '../../../kernel/context.js'
import type { MessageDefinition } from '../../../messages/catalogue/message-definition.js'
import { findMessage } from '../../../messages/catalogue/messages.js'
import type { Variables } from '../../../messages/variables.js'
import { templateErrors } from '../errors/templates.js'
import {
  findTemplateRow,
  insertTemplate,
  lockTemplateRow,
  type Template,
  type TemplateWithDraft,
} from '../models/template.js'

/** A template as a tenant sees it: what is shipped, what the tenant made of it, or what it made itself. */
export interface SeenTemplate<T extends Template = Template> {
  key: string
  shipped: MessageDefinition | undefined
  row: T | null
}

/** Templates that one tenant may have a row of: its own, and shipped ones that it changed. */
export const TEMPLATES_MAX = 200

/** The template of this key as the caller's tenant sees it. Throws where there is none. */
export async function findTemplate(ctx: Ctx, key: string): Promise<SeenTemplate<TemplateWithDraft>> {
  const shipped = findMessage(key)
  const row = await findTemplateRow(ctx, key)
  if (!shipped && !row) throw new templateErrors.TemplateUnknown()
  return { key, shipped, row }
}

/** The tenant's row of this key, held until the transaction ends. Throws where there is none, or none may be. */
export async function lockTemplate(ctx: Ctx, key: string): Promise<TemplateWithDraft> {
  const shipped = findMessage(key)
  if (shipped?.isCustomizable === false) throw new templateErrors.TemplateFixed({ key })
  if (shipped) await insertTemplate(ctx, key, null)
  const row = await lockTemplateRow(ctx, key)
  if (!row) throw new templateErrors.TemplateUnknown()
  return row
}

/** What the words may show, as the draft has it. */
export function variablesOf({ shipped, row }: SeenTemplate): Variables {
  return shipped?.variables ?? row?.own?.variables ?? {}
}
