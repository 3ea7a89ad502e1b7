import { Plugin } from '@oclif/core/config'
import type { Manifest, PJSON } from '@oclif/core/interfaces'

/**
 * Loads every command below `dist` once and describes them all, sorted by id. A command that cannot be
 * loaded stops the build.
 */
export async function buildManifest(dist: string, pjson: PJSON): Promise<Manifest> {
  const plugin = new Plugin({
    name: pjson.name,
    root: dist,
    pjson,
    isRoot: true,
    ignoreManifest: true,
    errorOnManifestCreate: true,
    respectNoCacheDefault: true,
  })
  await plugin.load()
  const commands = Object.entries(plugin.manifest.commands).sort(([a], [b]) => (a < b ? -1 : 1))
  return { version: plugin.manifest.version, commands: Object.fromEntries(commands) }
}
