import type { Ctx } from '../../../kernel/context.js'
import { AppError } from '../../../kernel/define-errors.js'
import { WORDED_CHANNELS, type WordedChannel } from '../../../messages/message-words.js'
import { MessageText } from '../../../messages/render-content.js'
import { exampleData } from '../../../messages/variables.js'
import { templateErrors } from '../errors/templates.js'
import type { Draft, TemplateWithDraft } from '../models/template.js'
import { readPublished } from '../models/template-version.js'
import type { PreviewInput } from '../schemas/templates.js'
import { versionText } from '../template-state.js'
import { compileDraft } from './compile-draft.js'
import { type Composed, composeContent, type TemplateSource } from './compose-content.js'
import { findTemplate, type SeenTemplate, variablesOf } from './find-template.js'

export interface Preview {
  source: 'draft' | 'published' | 'shipped'
  contents: Readonly<Partial<Record<WordedChannel, Composed>>>
}

/**
 * What the template makes of the data on every channel that has words, without sending anything. Examples stand for
 * what is left out. A draft is compiled for it, in the compiler's own thread.
 */
export async function previewTemplate(
  ctx: Ctx,
  key: string,
  input: PreviewInput,
  channels: readonly WordedChannel[] = WORDED_CHANNELS,
): Promise<Preview> {
  const seen = await ctx.transaction(() => findTemplate(ctx, key))
  const { source, template } = await sourceOf(ctx, seen, input.source)
  const reading = {
    tenantId: ctx.tenant.id,
    locale: input.locale,
    timeZone: input.time_zone,
    data: { ...exampleData(template.variables), ...input.data },
  }
  const contents: Partial<Record<WordedChannel, Composed>> = {}
  for (const channel of channels) {
    const composed = await composeContent(ctx, template, channel, reading).catch(unworded)
    if (composed) contents[channel] = composed
  }
  return { source, contents }
}

function unworded(error: unknown): null {
  if (error instanceof AppError && error.code === templateErrors.ChannelUnworded.code) return null
  throw error
}

async function sourceOf(
  ctx: Ctx,
  seen: SeenTemplate<TemplateWithDraft>,
  wanted: PreviewInput['source'],
): Promise<{ source: Preview['source']; template: TemplateSource }> {
  const { key, row, shipped } = seen
  const draft = row?.draft ?? null
  if (draft && (wanted ?? 'draft') === 'draft') {
    return { source: 'draft', template: draftSource(ctx, seen, draft) }
  }
  if (wanted === 'draft') throw new templateErrors.DraftMissing()
  const published = wanted === 'shipped' ? null : await readPublished(ctx.db, ctx.tenant.id, key)
  if (published) {
    const text = (locale: string) => versionText(ctx, ctx.tenant.id, published.id, locale)
    const variables = shipped?.variables ?? published.variables ?? {}
    return { source: 'published', template: { key, variables, own: published.channels, text } }
  }
  if (!shipped) throw new templateErrors.DraftMissing()
  return {
    source: 'shipped',
    template: { key, variables: shipped.variables, own: {}, text: async () => null },
  }
}

function draftSource(ctx: Ctx, seen: SeenTemplate, draft: Draft): TemplateSource {
  const variables = variablesOf(seen)
  const texts = new Map<string, Promise<MessageText>>()
  const text = async (locale: string): Promise<MessageText | null> => {
    const words = draft[locale]
    if (!words) return null
    const made =
      texts.get(locale) ?? compileDraft(ctx, locale, words, variables).then((done) => new MessageText(done))
    texts.set(locale, made)
    return made
  }
  return { key: seen.key, variables, own: seen.row?.drafted ?? {}, text }
}
