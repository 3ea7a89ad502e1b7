import { z } from 'zod'
import { BackupError } from '../backup-error.js'
import { readPart } from '../codec/read-part.js'
import type { Opening } from '../codec/sealing.js'
import type { Manifest } from '../manifest.js'
import type { BackupStore } from '../stores/backup-store.js'

const LARGEST = 4 * 1024 * 1024

const kitSchema = z.object({ version: z.literal(1), secrets: z.record(z.string(), z.string()) })

/** Opens the sealed configuration and secrets of a backup: without them nobody reads what the database holds sealed. */
export async function unsealKit(
  store: BackupStore,
  { id, kit }: Pick<Manifest, 'id' | 'kit'>,
  opening: Opening,
): Promise<z.output<typeof kitSchema>> {
  if (kit === null) throw unusable(id, 'holds no configuration and secrets')
  if (kit.plain_size > LARGEST)
    throw unusable(id, 'holds a configuration of a size that no configuration has')
  const chunks: Buffer[] = []
  for await (const chunk of readPart(store, kit, { opening })) chunks.push(chunk as Buffer)
  const parsed = kitSchema.safeParse(parse(Buffer.concat(chunks).toString('utf8')))
  if (parsed.success) return parsed.data
  throw unusable(id, 'holds a configuration that makes no sense')
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function unusable(id: string, what: string): BackupError {
  return new BackupError({
    code: 'kit_unusable',
    message: `The backup ${id} ${what}, so a new host could not read its data.`,
    next: 'Write the recovery kit with `vetrai up`, then make a new backup: vetrai backup create',
  })
}
