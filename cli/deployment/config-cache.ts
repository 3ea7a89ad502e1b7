import { createHash } from 'node:crypto'
import { readFile, rename, stat, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { DeploymentConfig } from './schema.js'

/** Values of a vetrai.yml that this very version has checked before; undefined when unsure. */
export async function readCachedConfig(path: string, text: string): Promise<DeploymentConfig | undefined> {
  try {
    const cached = JSON.parse(await readFile(path, 'utf8')) as { key: string; config: DeploymentConfig }
    return cached.key === (await cacheKey(text)) ? cached.config : undefined
  } catch {
    return undefined
  }
}

/** Remembers checked values; a cache that cannot be written is only slower. */
export async function writeCachedConfig(path: string, text: string, config: DeploymentConfig): Promise<void> {
  try {
    const draft = `${path}.${process.pid}.tmp`
    await writeFile(draft, JSON.stringify({ key: await cacheKey(text), config }), { mode: 0o600 })
    await rename(draft, path)
  } catch {}
}

/** The text, and the schema that judged it. */
async function cacheKey(text: string): Promise<string> {
  const { mtimeMs, size } = await stat(fileURLToPath(new URL('./schema.js', import.meta.url)))
  return createHash('sha256').update(`${mtimeMs}:${size}:${text}`).digest('hex')
}
