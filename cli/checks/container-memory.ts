import { readFile } from 'node:fs/promises'
import { bytes } from '../views/format.js'
import { type Check, type Finding, fail, ok, warn } from './check.js'

const MIB = 1024 ** 2
/** What all containers together need at the least. */
const LEAST_MB = 1_024
/** The kernel keeps some of a machine's memory for itself: one of 1 GB has about 960 MB. */
const TOLERATED = 0.9
const SMALL = 2_048 * MIB

/** The host has the memory that the containers are sized for. */
export const containerMemory: Check = {
  name: 'sizing',
  title: 'Memory for containers',
  stages: ['up', 'doctor'],
  remedy: 'Add memory, or size the containers for what there is: vetrai config set resources.memory_mb 1024',
  run: async ({ deployment, engine }) => {
    const facts = await engine?.().catch(() => undefined)
    if (!facts || !deployment) return undefined
    const wantedMb = deployment.config.resources.memory_mb ?? LEAST_MB
    return judgeContainerMemory({
      memory: facts.memory,
      swap: facts.isLocal ? await swapSize() : undefined,
      wantedMb,
    })
  },
}

/** Judges the memory of the engine's host, in bytes, against what is wanted; `swap` is undefined where it is not known. */
export function judgeContainerMemory({
  memory,
  swap,
  wantedMb,
}: {
  memory: number
  swap: number | undefined
  wantedMb: number
}): Finding {
  const wanted = bytes(wantedMb * MIB)
  const detail = `${bytes(memory)}, sized for ${wanted}`
  if (memory < wantedMb * MIB * TOLERATED) return fail(`${bytes(memory)}, but ${wanted} is wanted`)
  if (memory < SMALL && swap === 0) {
    return warn(
      `${detail}, and no swap`,
      'Make swap, so that a peak slows down and kills nothing: sudo fallocate -l 2G /swapfile && sudo chmod 600 /swapfile && sudo mkswap /swapfile && sudo swapon /swapfile && echo "/swapfile none swap sw 0 0" | sudo tee -a /etc/fstab',
    )
  }
  return ok(swap ? `${detail}, ${bytes(swap)} of swap` : detail)
}

async function swapSize(): Promise<number | undefined> {
  const meminfo = await readFile('/proc/meminfo', 'utf8').catch(() => '')
  const kib = /^SwapTotal:\s+(\d+) kB$/m.exec(meminfo)?.[1]
  return kib === undefined ? undefined : Number(kib) * 1024
}
