import type { CompiledWords, MessageWords } from '../message-words.js'

/** How a locale spells the options of choices, by variable. */
export type Spellings = Readonly<Record<string, Readonly<Record<string, string>>>>

/** One shipped message in one locale, as the build writes it: what was written, and what was made of it. */
export interface ShippedFile {
  words: MessageWords
  spellings: Spellings
  compiled: CompiledWords
}

/** Where the build writes them: `<key>.<locale>.json`. */
export const SHIPPED_FOLDER = new URL('../../../templates/messages/', import.meta.url)

export function shippedFile(key: string, locale: string): URL {
  return new URL(`${key}.${locale}.json`, SHIPPED_FOLDER)
}
