import type { Ctx } from '../../../kernel/context.js'
import type { InputProblem } from '../../../kernel/define-errors.js'
import { findMessage } from '../../../messages/catalogue/messages.js'
import { fitData } from '../../../messages/fit-data.js'
import { type CompiledWords, type MessageWords, WORDED_CHANNELS } from '../../../messages/message-words.js'
import { MessageText } from '../../../messages/render-content.js'
import { SMS_SEGMENTS_MAX, smsSize } from '../../../messages/sms.js'
import { PLAIN_THEME, themeView } from '../../../messages/theme.js'
import { exampleData, type Variables } from '../../../messages/variables.js'
import { templateErrors } from '../errors/templates.js'
import {
  type Draft,
  lockTemplateRow,
  pointTo,
  type TemplateWithDraft,
  updateDraft,
} from '../models/template.js'
import { findVersion, insertVersion, type TemplateVersion } from '../models/template-version.js'
import { forgetPublished } from '../template-state.js'
import { compileDraft, problemsOf } from './compile-draft.js'
import { findTemplate, variablesOf } from './find-template.js'

type Text = { locale: string; words: MessageWords; compiled: CompiledWords }

/**
 * Makes the draft a version that never changes, and what is sent from now on, in every process within a second. All of
 * it is checked and compiled first; where the draft changed meanwhile, nothing is published.
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
    ...(WORDED_CHANNELS.some((channel) => words[channel])
      ? []
      : [problem(`/${locale}`, 'It has no words at all.')]),
  ])
  if (problems.length > 0) throw new templateErrors.DraftInvalid({ problems: problems.slice(0, 100) })
  const texts: Text[] = []
  for (const [locale, words] of all) {
    texts.push({ locale, words, compiled: await compileDraft(ctx, locale, words, variables) })
  }
  const unfit = texts.flatMap((text) => exampleProblems(text, variables))
  if (unfit.length > 0) throw new templateErrors.DraftInvalid({ problems: unfit })
  return texts
}

/** What is wrong with a message of the examples: nothing in the subject, a text message of many segments. */
function exampleProblems({ locale, compiled }: Text, variables: Variables): InputProblem[] {
  const view = {
    ...fitData(variables, exampleData(variables), { locale, timeZone: 'UTC', words: {}, extras: 'refuse' }),
    ...themeView(PLAIN_THEME, 'Example'),
    unsubscribe_url: null,
  }
  const text = new MessageText(compiled)
  const problems: InputProblem[] = []
  for (const [channel, field] of [
    ['email', 'subject'],
    ['in_app', 'title'],
    ['push', 'title'],
  ] as const) {
    const content: Record<string, unknown> | null = text.render(channel, view)
    if (content?.[field] === '')
      problems.push(problem(`/${locale}/${channel}/${field}`, 'With the examples it is empty.'))
  }
  if (smsSize(text.fullSms(view)).segments > SMS_SEGMENTS_MAX) {
    const message = `With the examples it takes more than ${SMS_SEGMENTS_MAX} segments.`
    problems.push(problem(`/${locale}/sms/text`, message))
  }
  return problems
}

async function store(
  ctx: Ctx,
  before: TemplateWithDraft,
  texts: Text[],
  note: string | null,
): Promise<TemplateVersion> {
  const { key } = before
  const row = await lockTemplateRow(ctx, key)
  if (!row || row.updatedAt.getTime() !== before.updatedAt.getTime()) throw new templateErrors.DraftChanged()
  const version = row.lastVersion + 1
  const { category = null, critical = null, variables = null } = row.own ?? {}
  const publishedBy = `${ctx.principal.kind}:${ctx.principal.id}`
  await insertVersion(ctx, {
    templateKey: key,
    version,
    category,
    critical,
    variables,
    note,
    publishedBy,
    texts,
  })
  await pointTo(ctx, key, version)
  await updateDraft(ctx, key, null)
  await changed(ctx, key, version)
  const stored = await findVersion(ctx, key, version)
  if (!stored) throw new templateErrors.VersionUnknown()
  return stored
}

/** Sends an earlier version again. The draft stays as it is. */
export async function rollbackTemplate(ctx: Ctx, key: string, number: number): Promise<TemplateVersion> {
  if (findMessage(key)?.isCustomizable === false) throw new templateErrors.TemplateFixed({ key })
  if (!(await lockTemplateRow(ctx, key))) throw new templateErrors.TemplateUnknown()
  const version = await findVersion(ctx, key, number)
  if (!version) throw new templateErrors.VersionUnknown()
  await pointTo(ctx, key, number)
  await changed(ctx, key, number)
  return version
}

async function changed(ctx: Ctx, key: string, version: number): Promise<void> {
  await ctx.emit('notifications.template.published', { key, version })
  forgetPublished(ctx, key)
  ctx.auditDetail = { version }
}

function problem(pointer: string, message: string): InputProblem {
  return { pointer, code: 'unfit', message }
}
