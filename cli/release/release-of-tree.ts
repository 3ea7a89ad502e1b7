import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ROOT } from '../runtimes/compose/installation.js'
import { parseRelease, type Release } from './release.js'

/** What the version of this installation says of itself. */
export async function releaseOfTree(root = ROOT): Promise<Release> {
  return parseRelease(await readFile(join(root, 'release.json'), 'utf8'), root)
}
