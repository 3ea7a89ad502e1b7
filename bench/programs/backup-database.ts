import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readPart } from '../../server/backup/codec/read-part.js'
import { suffixOf } from '../../server/backup/codec/sealing.js'
import { writePart } from '../../server/backup/codec/write-part.js'
import { dumpDatabase } from '../../server/backup/database/dump-database.js'
import { loadDatabase } from '../../server/backup/database/load-database.js'
import { withClient } from '../../server/backup/database/open-client.js'
import { openSnapshot } from '../../server/backup/database/open-snapshot.js'
import { GENTLE, giveWay } from '../../server/backup/gentle.js'
import type { DatabaseManifest } from '../../server/backup/manifest.js'
import { openFolderStore } from '../../server/backup/stores/folder-store.js'

/** What the scenario asks for, as JSON in the first argument. */
export interface BackupRequest {
  verb: 'dump' | 'load'
  login: { url: string; role: string }
  folder: string
  /** `age1…` to dump, `AGE-SECRET-KEY-1…` to load; without it nothing is sealed. */
  key?: string
  /** Statements that make the schema, for a load. */
  schema?: string
  /** Gives way to everything else on the machine, as a backup does that nobody waits for. */
  isGentle?: boolean
}

/** What it answers, as JSON on stdout. */
export interface BackupResult {
  plain_bytes: number
  stored_bytes: number
  peak_bytes: number
}

const request = JSON.parse(process.argv[2] ?? '') as BackupRequest
const file = join(request.folder, 'manifest.json')
if (request.isGentle) giveWay()
const manifest = request.verb === 'dump' ? await dump(request) : await load(request)
const parts = manifest.tables.flatMap((table) => table.parts)
const result: BackupResult = {
  plain_bytes: parts.reduce((sum, part) => sum + part.plain_size, 0),
  stored_bytes: parts.reduce((sum, part) => sum + part.size, 0),
  peak_bytes: process.resourceUsage().maxRSS * 1024,
}
process.stdout.write(JSON.stringify(result))

async function dump({ login, folder, key, isGentle }: BackupRequest): Promise<DatabaseManifest> {
  const store = await openFolderStore({ name: 'bench', folder })
  const sealing = key ? { recipients: [key] } : 'none'
  const snapshot = await openSnapshot(login)
  const made = await dumpDatabase({
    snapshot,
    ...(isGentle ? GENTLE : {}),
    writePart: (name, body) => writePart([store], `${name}${suffixOf(sealing)}`, body, { sealing }),
  })
  await snapshot.close()
  await writeFile(file, JSON.stringify(made))
  return made
}

async function load({ login, folder, key, schema = '' }: BackupRequest): Promise<DatabaseManifest> {
  const store = await openFolderStore({ name: 'bench', folder })
  const opening = key ? { identities: [key] } : 'none'
  const known = JSON.parse(await readFile(file, 'utf8')) as DatabaseManifest
  await withClient(login, (client) => client.query(schema))
  await loadDatabase({ login, manifest: known, readPart: (part) => readPart(store, part, { opening }) })
  return known
}
