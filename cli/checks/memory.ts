import { readFile } from 'node:fs/promises'
import { freemem } from 'node:os'
import { bytes } from '../views/format.js'
import { type Check, type CheckContext, fail, ok, warn } from './check.js'

const MIB = 1024 ** 2
const LEAST = 256 * MIB
const COMFORTABLE = 512 * MIB

/** There is memory left for the server, PostgreSQL and Redis (about 200 MiB idle). */
export const memory: Check = {
  name: 'memory',
  title: 'Memory',
  stages: ['up', 'doctor'],
  remedy: `Free memory or add swap: ${bytes(COMFORTABLE)} available is comfortable.`,
  run: async (context) => judgeMemory(await availableMemory(), isRunning(context)),
}

/** Judges the bytes available; what already runs has its memory. */
export function judgeMemory(available: number, running: boolean) {
  const detail = `${bytes(available)} available`
  if (running) return available < LEAST / 4 ? warn(detail) : ok(detail)
  if (available < LEAST) return fail(detail)
  return available < COMFORTABLE ? warn(detail) : ok(detail)
}

function isRunning({ status }: CheckContext): boolean {
  return status?.components.some((component) => component.state === 'running') ?? false
}

/** Bytes a new process could get: what the kernel calls available, or what the control group leaves. */
async function availableMemory(): Promise<number> {
  const meminfo = await readFile('/proc/meminfo', 'utf8').catch(() => '')
  const kib = /^MemAvailable:\s+(\d+) kB$/m.exec(meminfo)?.[1]
  const host = kib === undefined ? freemem() : Number(kib) * 1024
  return Math.min(host, await groupMemory())
}

async function groupMemory(): Promise<number> {
  const [limit, used] = await Promise.all([
    readFile('/sys/fs/cgroup/memory.max', 'utf8').catch(() => 'max'),
    readFile('/sys/fs/cgroup/memory.current', 'utf8').catch(() => '0'),
  ])
  return limit.trim() === 'max' ? Number.POSITIVE_INFINITY : Math.max(0, Number(limit) - Number(used))
}
