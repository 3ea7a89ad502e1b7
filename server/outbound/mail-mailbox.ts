import { randomBytes } from 'node:crypto'
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { MailTransport } from './mail.js'
import { MailError } from './mail-error.js'
import { loadMailLibrary } from './mail-library.js'
import { messageOf } from './mail-smtp.js'

/** A transport that writes each message to `<time>-<number>-<random>.eml` (0600), oldest name first. */
export function createMailboxTransport({ path, keep }: { path: string; keep: number }): MailTransport {
  let sequence = 0
  const nextName = () => {
    sequence = (sequence + 1) % 1_000_000
    const time = new Date().toISOString().replace(/[-:.]/g, '')
    return `${time}-${String(sequence).padStart(6, '0')}-${randomBytes(4).toString('hex')}.eml`
  }

  return {
    send: async (mail) => {
      const { createTransport } = await loadMailLibrary()
      const composer = createTransport({ streamTransport: true, buffer: true, newline: 'windows' })
      const { message, messageId } = await composer.sendMail(messageOf(mail))
      const file = nextName()
      await orUnavailable(() => writeWhole(path, file, message as Buffer))
      // Now and then is enough: the folder is a convenience, not an archive.
      if (sequence % 20 === 0) await prune(path, keep)
      return { messageId, file: join(path, file) }
    },
    verify: () =>
      orUnavailable(async () => {
        const probe = `.${nextName()}`
        await writeWhole(path, probe, Buffer.alloc(0))
        await rm(join(path, probe))
      }),
    close: async () => {},
  }
}

/** Readers see the whole file or none: it is written aside, flushed, and renamed. */
async function writeWhole(folder: string, name: string, content: Buffer): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const aside = join(folder, `.${name}.part`)
  const file = await open(aside, 'wx', 0o600)
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(aside, join(folder, name))
}

async function prune(folder: string, keep: number): Promise<void> {
  const names = (await readdir(folder))
    .filter((name) => name.endsWith('.eml') && !name.startsWith('.'))
    .sort()
  await Promise.all(
    names.slice(0, Math.max(0, names.length - keep)).map((name) => rm(join(folder, name), { force: true })),
  )
}

async function orUnavailable(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    const { code = 'unknown' } = error as { code?: string }
    throw new MailError(
      'outbound.mail_unavailable',
      `The mailbox folder cannot be written (${code}).`,
      true,
      error,
    )
  }
}
