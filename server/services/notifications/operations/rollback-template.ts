import type { Ctx } from '../../../kernel/context.js'
import { findMessage } from '../../../messages/catalogue/messages.js'
import { templateErrors } from '../errors/templates.js'
import { lockTemplateRow } from '../models/template.js'
import { findVersion, type TemplateVersion } from '../models/template-version.js'
import { switchVersion } from './switch-version.js'

/** Sends an earlier version again. The draft stays as it is. */
export async function rollbackTemplate(ctx: Ctx, key: string, number: number): Promise<TemplateVersion> {
  if (findMessage(key)?.isCustomizable === false) throw new templateErrors.TemplateFixed({ key })
  if (!(await lockTemplateRow(ctx, key))) throw new templateErrors.TemplateUnknown()
  const version = await findVersion(ctx, key, number)
  if (!version) throw new templateErrors.VersionUnknown()
  await switchVersion(ctx, key, number)
  return version
}
