import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { PJSON } from '@oclif/core/interfaces'
import { buildManifest } from './operations/build-manifest.js'
import { referenceView } from './views/reference-view.js'

/**
 * Build step: writes dist/oclif.manifest.json, from which the command line knows every command without
 * loading any of them. With `--docs` it also writes docs/reference/cli.md from the same manifest.
 *
 * The oclif root is dist, so paths in the "oclif" section of package.json are relative to dist.
 */
const dist = dirname(dirname(fileURLToPath(import.meta.url)))
const root = dirname(dist)
const pjson = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as PJSON

const manifest = await buildManifest(dist, pjson)
writeFileSync(join(dist, 'oclif.manifest.json'), `${JSON.stringify(manifest, null, 1)}\n`)
if (process.argv.includes('--docs')) {
  mkdirSync(join(root, 'docs/reference'), { recursive: true })
  writeFileSync(join(root, 'docs/reference/cli.md'), referenceView(manifest, pjson))
}
