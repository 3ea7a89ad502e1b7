import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { deploymentPaths } from '../../deployment/paths.js'
import { isSecretName } from './redact.js'

/** Shorter lines of a longer secret are found everywhere and give nothing away. */
const SHORTEST_LINE = 8
/** Goes by the name of a key and is a user's name, often one that is found everywhere. */
const IS_NAME = /access[_-]?key$|public[_-]?key$/i

/**
 * Every secret that a deployment directory knows of: all files of secrets/, secret settings in vetrai.yml, and the files
 * that settings name. Works on a directory whose configuration is broken; what cannot be read is left out.
 */
export async function knownSecrets(dir: string): Promise<string[]> {
  const { secrets, config } = deploymentPaths(dir)
  const settings = await settingsOf(config)
  const files = [
    ...(await filesBelow(secrets)),
    ...settings.flatMap(([name, value]) => (/_FILE$/i.test(name) && value.startsWith('/') ? [value] : [])),
  ]
  const texts = await Promise.all(files.map((path) => readFile(path, 'utf8').catch(() => '')))
  const set = settings.flatMap(([name, value]) => (isSecretName(name) && !IS_NAME.test(name) ? [value] : []))
  return [...new Set([...texts, ...set].flatMap(partsOf))]
}

/** A secret as a whole, and each of its lines: a log may hold them one by one. */
function partsOf(text: string): string[] {
  const whole = text.trim()
  if (whole === '') return []
  const lines = whole.split(/\r?\n/).map((line) => line.trim())
  return [whole, ...lines.filter((line) => line.length >= SHORTEST_LINE)]
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

/** Every scalar of vetrai.yml by its own name; none where it is no YAML. */
async function settingsOf(path: string): Promise<[name: string, value: string][]> {
  const text = await readFile(path, 'utf8').catch(() => '')
  try {
    return scalars(parse(text, { logLevel: 'silent' }))
  } catch {
    return []
  }
}

function scalars(node: unknown, name = ''): [name: string, value: string][] {
  if (typeof node !== 'object' || node === null) {
    return typeof node === 'string' || typeof node === 'number' ? [[name, String(node)]] : []
  }
  return Object.entries(node).flatMap(([key, value]) => scalars(value, Array.isArray(node) ? name : key))
}
