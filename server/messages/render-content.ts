import { oneLine, shorten, someLines, webAddress } from './clean-words.js'
import { MessageDataError, type View } from './fit-data.js'
import type { CompiledWords, WordedChannel } from './message-words.js'
import { cutSms, plainSms } from './sms.js'
import { fillWords, parseChecked, type Words } from './words.js'
import { wrapText } from './wrap-text.js'

/** What a message says on one channel: escaped, complete, within the bounds of the channel. */
export type RenderedContent =
  | { channel: 'email'; subject: string; html: string; text: string }
  | { channel: 'sms'; text: string }
  | { channel: 'in_app'; title: string; body: string; actionUrl: string | null }
  | { channel: 'push'; title: string; body: string; url: string | null }

const SUBJECT_MAX = 200
const TITLE_MAX = 120
const IN_APP_MAX = 2000
/** What a push service takes is 4 kB, encrypted and with its addresses. */
const PUSH_MAX = 300
const MAIL_BYTES_MAX = 400_000

/** Compiled words of one locale, parsed when first needed and kept. */
export class MessageText {
  readonly #words: CompiledWords
  readonly #parsed = new Map<string, Words>()

  constructor(words: CompiledWords) {
    this.#words = words
  }

  has(channel: WordedChannel): boolean {
    return this.#words[channel] !== undefined
  }

  /** The content of a channel, or null where it has no words. The view holds the data, the theme and what is common. */
  render(channel: WordedChannel, view: View): RenderedContent | null {
    const { email, in_app: inApp, sms, push } = this.#words
    if (channel === 'email') return email ? this.#mail(email, view) : null
    if (channel === 'sms') return sms ? { channel, text: cutSms(this.fullSms(view)) } : null
    if (channel === 'in_app') {
      if (!inApp) return null
      return {
        channel,
        ...this.#note(inApp, view, IN_APP_MAX),
        actionUrl: this.#address(inApp.action_url, view),
      }
    }
    return push ? { channel, ...this.#note(push, view, PUSH_MAX), url: this.#address(push.url, view) } : null
  }

  /** The text message before it is cut; empty where there is none. */
  fullSms(view: View): string {
    const { sms } = this.#words
    return sms ? plainSms(someLines(this.#text(sms.text, view))) : ''
  }

  #mail(mail: NonNullable<CompiledWords['email']>, view: View): RenderedContent {
    const subject = oneLine(this.#text(mail.subject, view), SUBJECT_MAX)
    const full = { ...view, subject, preheader: oneLine(this.#text(mail.preheader, view)) }
    const html = fillWords(this.#parse(mail.html), full, 'html')
    if (html.length > MAIL_BYTES_MAX) throw new MessageDataError('data', 'makes a mail that is too long')
    return {
      channel: 'email',
      subject,
      html,
      text: wrapText(fillWords(this.#parse(mail.text), full, 'text')),
    }
  }

  #note(note: { title: string; body: string }, view: View, bodyMax: number): { title: string; body: string } {
    return {
      title: oneLine(this.#text(note.title, view), TITLE_MAX),
      body: shorten(someLines(this.#text(note.body, view)), bodyMax),
    }
  }

  #address(source: string | null, view: View): string | null {
    return source === null ? null : webAddress(this.#text(source, view))
  }

  #text(source: string, view: View): string {
    return fillWords(this.#parse(source), view, 'text')
  }

  #parse(source: string): Words {
    const known = this.#parsed.get(source)
    if (known) return known
    const words = parseChecked(source)
    this.#parsed.set(source, words)
    return words
  }
}
