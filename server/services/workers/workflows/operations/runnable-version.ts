import type { Ctx } from '../../../../kernel/context.js'
import { workflowErrors } from '../errors.js'
import { type PublishedVersion, publishedVersion } from '../runs/published.js'
import { readTemplate } from './manage-templates.js'

/** A published version of a template of the caller's organisation, ready for runs. */
export async function runnableVersion(
  ctx: Ctx,
  templateId: string,
  number: number,
): Promise<PublishedVersion> {
  const version = await publishedVersion(ctx, templateId, number)
  if (version) return version
  await readTemplate(ctx, templateId)
  throw new workflowErrors.VersionNotFound()
}
