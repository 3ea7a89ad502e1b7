import type { Ctx } from '../../../kernel/context.js'
import type { InputProblem } from '../../../kernel/define-errors.js'
import { kernelErrors } from '../../../kernel/errors.js'
import { mergePatch } from '../../../kernel/merge-patch.js'
import { shippedWords } from '../../../messages/shipped/shipped.js'
import { templateErrors } from '../errors/templates.js'
import { type Draft, type TemplateWithDraft, updateDraft, updateOwn } from '../models/template.js'
import { findVersion, versionWords } from '../models/template-version.js'
import { checkExamples } from '../rules/check-examples.js'
import { draftContent, type UpdateTemplateInput } from '../schemas/templates.js'
import { findTemplate, lockTemplate } from './find-template.js'

/**
 * Changes the draft of a template, and what a message of the tenant's own is. Nothing of it is sent before it is
 * published. The draft begins as what is sent now, so that a patch of one line changes one line.
 */
export async function updateTemplate(ctx: Ctx, key: string, { content, ...changes }: UpdateTemplateInput) {
  const template = await lockTemplate(ctx, key)
  if (Object.values(changes).some((change) => change !== undefined)) {
    if (!template.own) throw new templateErrors.MessageShipped({ key })
    const own = { ...template.own, ...defined(changes) }
    checkExamples(own.variables)
    await updateOwn(ctx, key, own)
  }
  if (content) await updateDraft(ctx, key, patched(await draftBase(ctx, template, content), content))
  ctx.auditDetail = { fields: Object.keys(changes), locales: Object.keys(content ?? {}) }
  return findTemplate(ctx, key)
}

/** What the patch is applied to: the draft, else what is published; and in locales with neither, what is shipped. */
async function draftBase(
  ctx: Ctx,
  { key, draft, publishedVersion }: TemplateWithDraft,
  patch: object,
): Promise<Draft> {
  const version = draft || publishedVersion === null ? null : await findVersion(ctx, key, publishedVersion)
  const base = draft ?? (version ? await versionWords(ctx, version.id) : {})
  const missing = Object.keys(patch).filter((locale) => !Object.hasOwn(base, locale))
  return {
    ...Object.fromEntries(missing.map((locale) => [locale, shippedWords(key, locale) ?? {}])),
    ...base,
  }
}

function patched(base: Draft, patch: Record<string, unknown>): Draft {
  const result = draftContent.safeParse(mergePatch(base, patch))
  if (result.success) return result.data
  const problems = result.error.issues.map(
    ({ path, code, message }): InputProblem => ({
      pointer: ['', 'content', ...path.map(String)].join('/'),
      code,
      message,
    }),
  )
  throw new kernelErrors.Invalid({ problems: problems.slice(0, 100) })
}

function defined<T extends object>(changes: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)) as never
}
