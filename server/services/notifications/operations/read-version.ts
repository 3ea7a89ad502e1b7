import type { Ctx } from '../../../kernel/context.js'
import type { MessageWords } from '../../../messages/message-words.js'
import { templateErrors } from '../errors/templates.js'
import { findVersion, type TemplateVersion, versionWords } from '../models/template-version.js'
import { findTemplate } from './find-template.js'

/** A version of a template, by its number or its id, with the words it was published with. */
export async function readVersion(
  ctx: Ctx,
  key: string,
  numberOrId: string,
): Promise<{
  version: TemplateVersion
  publishedVersion: number | null
  content: Record<string, MessageWords>
}> {
  const { row } = await findTemplate(ctx, key)
  const version = await findVersion(ctx, key, /^\d+$/.test(numberOrId) ? Number(numberOrId) : numberOrId)
  if (!version) throw new templateErrors.VersionUnknown()
  return {
    version,
    publishedVersion: row?.publishedVersion ?? null,
    content: await versionWords(ctx, version.id),
  }
}
