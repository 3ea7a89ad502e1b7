import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { connectOwner } from '../server/storage/migrations.js'
import { dumpSchema } from './dump-schema.js'
import { freshDatabase, ROLE_PASSWORDS, stopStores } from './stores.js'

/** Where the golden schema stands, seen from the compiled program. */
export const SCHEMA_FILE = fileURLToPath(new URL('../../migrations/schema.sql', import.meta.url))

/** The schema that the migrations of this version make on a fresh database. */
export async function currentSchema(): Promise<string> {
  const { url, drop } = await freshDatabase()
  const owner = await connectOwner(url, ROLE_PASSWORDS.owner)
  try {
    return await dumpSchema(owner)
  } finally {
    await owner.end()
    await drop()
  }
}

/** `npm run schema`: writes migrations/schema.sql anew. */
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await writeFile(SCHEMA_FILE, await currentSchema())
  await stopStores()
}
