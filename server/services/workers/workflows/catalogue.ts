import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'

/** A workflow that comes with VetrAI, to begin with. */
const catalogueEntry = z.strictObject({
  title: z.string(),
  description: z.string(),
  needs: z.array(z.string()),
  graph: z.record(z.string(), z.json()),
})
export type CatalogueEntry = z.output<typeof catalogueEntry> & { name: string }

const FOLDER = fileURLToPath(new URL('../../../../../templates/workflows/', import.meta.url))

let reading: Promise<CatalogueEntry[]> | undefined

/** The workflows in templates/workflows, by name; read once. */
export function readCatalogue(): Promise<CatalogueEntry[]> {
  reading ??= readAll()
  return reading
}

async function readAll(): Promise<CatalogueEntry[]> {
  const files = (await readdir(FOLDER)).filter((file) => file.endsWith('.json')).sort()
  return Promise.all(
    files.map(async (file) => ({
      name: file.slice(0, -'.json'.length),
      ...catalogueEntry.parse(JSON.parse(await readFile(join(FOLDER, file), 'utf8'))),
    })),
  )
}
