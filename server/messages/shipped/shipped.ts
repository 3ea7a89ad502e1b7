import { readFileSync } from 'node:fs'
import { findMessage } from '../catalogue/messages.js'
import { SHIPPED_LOCALES } from '../locales.js'
import { Lru } from '../lru.js'
import type { MessageWords } from '../message-words.js'
import { MessageText } from '../render-content.js'
import { type ShippedFile, type Spellings, shippedFile } from './shipped-file.js'

/** A shipped message in one locale, ready to be filled in. */
export interface ShippedText {
  text: MessageText
  spellings: Spellings
}

const texts = new Lru<ShippedText>(48)

/** The words of a shipped message in exactly this locale; null where it has none. */
export function shippedText(key: string, locale: string): ShippedText | null {
  const name = `${key}.${locale}`
  const known = texts.get(name)
  if (known) return known
  const file = readShipped(key, locale)
  if (!file) return null
  const text = { text: new MessageText(file.compiled), spellings: file.spellings }
  texts.set(name, text)
  return text
}

/** What its author wrote, in exactly this locale: where a tenant's own words begin. */
export function shippedWords(key: string, locale: string): MessageWords | null {
  return readShipped(key, locale)?.words ?? null
}

function readShipped(key: string, locale: string): ShippedFile | null {
  const isShipped = findMessage(key) !== undefined && SHIPPED_LOCALES.some((one) => one === locale)
  return isShipped ? JSON.parse(readFileSync(shippedFile(key, locale), 'utf8')) : null
}
