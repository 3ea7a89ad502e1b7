import * as Flags from '@oclif/core/flags'
import type { Rendering } from '../operations/templates.js'
import { given } from './given.js'
import { jsonFlag, readJsonInput } from './json-input.js'

/** What a preview or a test mail is made of. */
export const renderingFlags = {
  data: jsonFlag('values of variables', 'VETRAI_DATA'),
  locale: Flags.string({
    description: 'language of the recipient, such as de or pt-BR',
    env: 'VETRAI_LOCALE_TAG',
    helpValue: 'LOCALE',
  }),
  source: Flags.string({
    description: 'which words; the draft where there is one, else what is sent',
    env: 'VETRAI_SOURCE',
    options: ['draft', 'published', 'shipped'],
  }),
}

/** The flags as the API takes them. */
export async function renderingOf(flags: {
  data?: string | undefined
  locale?: string | undefined
  source?: string | undefined
}): Promise<Rendering> {
  return given({
    data: await readJsonInput('data', flags.data),
    locale: flags.locale,
    source: flags.source,
  })
}
