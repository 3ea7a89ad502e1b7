import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { z } from 'zod'
import type { MessageDefinition } from '../catalogue/message-definition.js'
import { MESSAGES } from '../catalogue/messages.js'
import { type CompileMail, checkWords, compileWords } from '../compile-words.js'
import { SHIPPED_LOCALES } from '../locales.js'
import { messageWords } from '../message-words.js'
import { SHIPPED_FOLDER, type ShippedFile, shippedFile } from './shipped-file.js'

const SOURCES = new URL('../../../../templates/messages/', import.meta.url)
const CODE = new URL('../', import.meta.url)
const STAMP = new URL('stamp', SHIPPED_FOLDER)

/** `<locale>.json`: what messageWords says, but the body of the mail, which is `<locale>.mjml`; and how choices are spelled. */
const source = z.strictObject({
  ...messageWords.shape,
  email: z.strictObject({ subject: z.string(), preheader: z.string() }).optional(),
  words: z.record(z.string(), z.record(z.string(), z.string())).default({}),
})

/**
 * Build step: checks and compiles every shipped message in every locale, so that sending one loads neither MJML nor any
 * source. Does nothing where neither the sources nor the code that compiles them changed since.
 */
export async function writeShipped(): Promise<void> {
  const stamp = stampOf([SOURCES, CODE])
  if ((await readFile(STAMP, 'utf8').catch(() => '')) === stamp) return
  const { compileMail } = await import('../mail/compile-mail.js')
  await mkdir(SHIPPED_FOLDER, { recursive: true })
  for (const [key, definition] of Object.entries<MessageDefinition>(MESSAGES)) {
    for (const locale of SHIPPED_LOCALES) {
      const file = await compileShipped(key, definition, locale, compileMail)
      await writeFile(shippedFile(key, locale), JSON.stringify(file))
    }
  }
  await writeFile(STAMP, stamp)
}

async function compileShipped(
  key: string,
  { variables, channels }: MessageDefinition,
  locale: string,
  compileMail: CompileMail,
): Promise<ShippedFile> {
  const read = (extension: string) => readFile(new URL(`${key}/${locale}.${extension}`, SOURCES), 'utf8')
  const { words: spellings, email, ...others } = source.parse(JSON.parse(await read('json')))
  const mail = email ? { email: { ...email, body: await read('mjml') } } : {}
  const words = messageWords.parse({ ...others, ...mail })
  const problems = checkWords(words, variables).map(({ pointer, message }) => `${pointer} ${message}`)
  const missing = channels.filter((channel) => words[channel] === undefined)
  if (problems.length > 0 || missing.length > 0) {
    throw new TypeError(
      [`${key}/${locale}:`, ...problems, ...missing.map((name) => `no words for ${name}`)].join('\n'),
    )
  }
  return { words, spellings, compiled: await compileWords(words, locale, compileMail) }
}

function stampOf(folders: readonly URL[]): string {
  const hash = createHash('sha256')
  for (const folder of folders) {
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.(?:js|json|mjml)$/.test(file) && !file.endsWith('.test.js'))
      .sort()
    for (const file of files)
      hash
        .update(file)
        .update('\0')
        .update(readFileSync(new URL(file, folder)))
  }
  return hash.digest('hex')
}
