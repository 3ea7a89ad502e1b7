import type { Ctx } from '../../../kernel/context.js'
import { type CompiledWords, type MessageWords, WORDED_CHANNELS } from '../../../messages/message-words.js'
import type { Variables } from '../../../messages/variables.js'
import { templateErrors } from '../errors/templates.js'
import { type Draft, lockTemplateRow, type TemplateWithDraft, updateDraft } from '../models/template.js'
import { findVersion, insertVersion, type TemplateVersion } from '../models/template-version.js'
import { exampleProblems, unfit } from '../rules/example-problems.js'
import { compileDraft, problemsOf } from './compile-draft.js'
import { findTemplate, variablesOf } from './find-template.js'
import { switchVersion } from './switch-version.js'

type Text = { locale: string; words: MessageWords; compiled: CompiledWords }

/**
 * Makes the draft a version that never changes, and what is sent from now on. All of it is checked and compiled first,
 * outside of any transaction; where the draft changed meanwhile, nothing is published.
 */
export async function publishTemplate(ctx: Ctx, key: string, note: string | null): Promise<TemplateVersion> {
  const seen = await ctx.transaction(() => findTemplate(ctx, key))
  if (seen.shipped?.isCustomizable === false) throw new templateErrors.TemplateFixed({ key })
  const { row } = seen
  if (!row?.draft || Object.keys(row.draft).length === 0) throw new templateErrors.DraftMissing()
  const texts = await compileAll(ctx, row.draft, variablesOf(seen))
  return ctx.transaction(() => store(ctx, row, texts, note))
}

async function compileAll(ctx: Ctx, draft: Draft, variables: Variables): Promise<Text[]> {
  const all = Object.entries(draft)
  const problems = all.flatMap(([locale, words]) => [
    ...problemsOf(locale, words, variables),
    ...(saysNothing(words) ? [unfit(`/${locale}`, 'It has no words at all.')] : []),
  ])
  if (problems.length > 0) throw new templateErrors.DraftInvalid({ problems: problems.slice(0, 100) })
  const texts: Text[] = []
  for (const [locale, words] of all) {
    texts.push({ locale, words, compiled: await compileDraft(ctx, locale, words, variables) })
  }
  const found = texts.flatMap(({ locale, compiled }) => exampleProblems(locale, compiled, variables))
  if (found.length > 0) throw new templateErrors.DraftInvalid({ problems: found })
  return texts
}

function saysNothing(words: MessageWords): boolean {
  return WORDED_CHANNELS.every((channel) => words[channel] === undefined)
}

async function store(
  ctx: Ctx,
  before: TemplateWithDraft,
  texts: Text[],
  note: string | null,
): Promise<TemplateVersion> {
  const { key } = before
  const row = await lockTemplateRow(ctx, key)
  if (!row || contentOf(row) !== contentOf(before)) throw new templateErrors.DraftChanged()
  const version = row.lastVersion + 1
  const { category = null, critical = null, variables = null } = row.own ?? {}
  const what = { templateKey: key, version, category, critical, variables, texts }
  await insertVersion(ctx, { ...what, note, publishedBy: `${ctx.principal.kind}:${ctx.principal.id}` })
  await updateDraft(ctx, key, null)
  await switchVersion(ctx, key, version)
  const stored = await findVersion(ctx, key, version)
  if (!stored) throw new templateErrors.VersionUnknown()
  return stored
}

/** All that a version is made of; the database spells equal documents equally. */
function contentOf({ own, draft }: TemplateWithDraft): string {
  return JSON.stringify([own, draft])
}
