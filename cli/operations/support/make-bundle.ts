import { createHash } from 'node:crypto'
import { resolve } from 'node:path'
import { type Deployment, openDeployment } from '../../deployment/deployment.js'
import { CliError, isSystemError } from '../../deployment/errors.js'
import { runtimeFor } from '../../runtimes/index.js'
import type { Progress, Runtime } from '../../runtimes/runtime.js'
import { type BundlePart, bundleParts } from './bundle-parts.js'
import { knownSecrets } from './known-secrets.js'
import { createRedactor, type Redact } from './redact.js'
import { redactConfig } from './redact-config.js'
import { type ArchivedFile, writeArchive } from './write-archive.js'

const TIME_LIMIT_MS = 60_000

/** What a bundle holds, and what it could not get. */
export interface SupportBundle {
  file: string
  bytes: number
  contents: { path: string; bytes: number; sha256: string; about: string }[]
  missing: { path: string; reason: string }[]
}

type Collected = { file: ArchivedFile; about: string } | { path: string; reason: string } | undefined

/**
 * Packs what somebody needs who is asked for help into one file that only its owner can read, with every secret taken out.
 * Works while everything is down and where vetrai.yml is broken; what cannot be had is listed with the reason. Changes
 * nothing. CliError `config_missing` where there is no deployment.
 */
export async function makeBundle(
  dir: string,
  output: string | undefined,
  progress: Progress,
): Promise<SupportBundle> {
  const { deployment, problem } = await openWhatThereIs(dir)
  const redact = createRedactor(await knownSecrets(dir))
  const step = progress.step('Collect and redact')
  const parts = await bundleParts({ dir, deployment, runtime: deployment && runtimeOf(deployment) })
  const collected: Collected[] = []
  // One after the other: a runtime may not be asked two things that each take a container.
  for (const part of parts) {
    step.update(part.path)
    collected.push(await collect(part, redact))
  }
  step.done()

  const files = collected.flatMap((one) => (one && 'file' in one ? [one] : []))
  const contents = files.map(({ file: { path, text }, about }) => ({ path, ...measure(text), about }))
  const missing = [
    ...(problem ? [{ path: 'status.json', reason: redact(problem.message) }] : []),
    ...collected.flatMap((one) => (one && 'reason' in one ? [one] : [])),
  ]
  const folder = `vetrai-support-${deployment?.name ?? 'unknown'}-${stamp()}`
  const file = resolve(output ?? `${folder}.tar.gz`)
  const manifest = { format: 1, created_at: new Date().toISOString(), contents, missing }
  const bytes = await writeArchive(file, folder, [
    { path: 'manifest.json', text: `${JSON.stringify(manifest, null, 2)}\n` },
    ...files.map((one) => one.file),
  ])
  return { file, bytes, contents, missing }
}

/** A deployment with a broken configuration cannot be opened, and its owner needs a bundle all the more. */
async function openWhatThereIs(
  dir: string,
): Promise<{ deployment: Deployment | undefined; problem?: CliError }> {
  try {
    return { deployment: await openDeployment(dir) }
  } catch (error) {
    if (!(error instanceof CliError) || error.code === 'config_missing') throw error
    return { deployment: undefined, problem: error }
  }
}

function runtimeOf(deployment: Deployment): Runtime | undefined {
  try {
    return runtimeFor(deployment)
  } catch {
    return undefined
  }
}

/** A file that is simply not there is no loss: most deployments have no compose.yaml. */
async function collect({ path, about, collect }: BundlePart, redact: Redact): Promise<Collected> {
  try {
    const text = await inTime(collect())
    const isYaml = path.endsWith('.yml') || path.endsWith('.yaml')
    return { file: { path, text: redact(isYaml ? redactConfig(text) : text) }, about }
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined
    return { path, reason: redact(error instanceof Error ? error.message : String(error)) }
  }
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('it took more than a minute')), TIME_LIMIT_MS)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

function measure(text: string): { bytes: number; sha256: string } {
  return { bytes: Buffer.byteLength(text), sha256: createHash('sha256').update(text).digest('hex') }
}

function stamp(): string {
  return new Date().toISOString().replace(/[-:]|\.\d+/g, '')
}
