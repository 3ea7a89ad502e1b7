import type { Readable } from 'node:stream'
import { type EngineEvent, followEvents } from '../../clients/engine-events.js'
import { registryLogin } from '../../clients/registry-login.js'
import { CliError } from '../../deployment/errors.js'
import type { ProgressStep } from '../runtime.js'
import type { Engine } from './engine.js'

const MB = 1024 * 1024

/**
 * Pulls one image with the login that the docker command keeps for its registry. CliError `image_unavailable` where the
 * registry has no such image, refuses or does not answer.
 */
export async function pullImage(
  { docker }: Engine,
  name: string,
  services: string[],
  step: ProgressStep,
): Promise<void> {
  const downloads = new Map<string, { current: number; total: number }>()
  try {
    const authconfig = await registryLogin(name)
    const answer = (await docker.pull(name, { ...(authconfig && { authconfig }) })) as Readable
    await followEvents(answer, (event) => {
      noteDownload(downloads, event)
      step.update(`${services.join(', ')}: ${progressOf([...downloads.values()])}`)
    })
  } catch (error) {
    throw pullFailed(name, error)
  }
}

/** Bytes that came, by layer. What is unpacked after that is counted nowhere: it would go from the start again. */
function noteDownload(
  downloads: Map<string, { current: number; total: number }>,
  { id, status, progressDetail: { current, total } = {} }: EngineEvent,
): void {
  if (!id) return
  if (status === 'Downloading' && current !== undefined && total !== undefined)
    downloads.set(id, { current, total })
  const known = downloads.get(id)
  if (known && status === 'Download complete') known.current = known.total
}

function progressOf(layers: { current: number; total: number }[]): string {
  const sum = (of: 'current' | 'total') => layers.reduce((all, layer) => all + layer[of], 0)
  return `${Math.round(sum('current') / MB)} of ${Math.round(sum('total') / MB)} MB`
}

function pullFailed(name: string, error: unknown): CliError {
  const reason = error instanceof Error ? error.message : String(error)
  return imageUnavailable(
    `The image ${name} cannot be had: ${reason}`,
    'Is the registry reachable, and does it ask for a login (docker login HOST)? A mirror is named by `vetrai config set images.mirror HOST`, one image by `images.NAME`; on a host without a registry load a bundle: vetrai bundle load FILE',
    error,
  )
}

/** The error of an image that nothing here can bring. */
export function imageUnavailable(message: string, next: string, cause?: unknown): CliError {
  return new CliError({ code: 'image_unavailable', message, next, cause })
}
