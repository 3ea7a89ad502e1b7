import type { Ctx } from '../../../kernel/context.js'
import { findMessage } from '../../../messages/catalogue/messages.js'
import { templateErrors } from '../errors/templates.js'
import { countTemplates, insertTemplate, updateDraft } from '../models/template.js'
import { checkExamples } from '../rules/check-examples.js'
import type { CreateTemplateInput } from '../schemas/templates.js'
import { findTemplate, TEMPLATES_MAX } from './find-template.js'

/** Makes a message of the tenant's own. It can be sent once its words are published. */
export async function createTemplate(ctx: Ctx, input: CreateTemplateInput) {
  const { key, content, ...own } = input
  checkExamples(own.variables)
  if ((await countTemplates(ctx)) >= TEMPLATES_MAX) {
    throw new templateErrors.TooManyTemplates({ limit: TEMPLATES_MAX })
  }
  if (findMessage(key) || !(await insertTemplate(ctx, key, own)))
    throw new templateErrors.TemplateExists({ key })
  if (content) await updateDraft(ctx, key, content)
  return findTemplate(ctx, key)
}
