import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { median } from '../machine/load.js'
import { timed } from '../machine/processes.js'
import type { Figure } from '../report.js'

const VETRAI = join(process.cwd(), 'bin', 'vetrai')
const UP_ROUNDS = 3
const START_ROUNDS = 15
const UP_TIMEOUT_MS = 120_000

/** `up` from nothing and again after `down`; then how long the command line itself takes to start. */
export async function measureCommandLine(): Promise<Figure[]> {
  const parent = await mkdtemp(join(tmpdir(), 'vetrai-up-'))
  const run = (...args: string[]) => timed([process.execPath, VETRAI, ...args], { timeoutMs: UP_TIMEOUT_MS })
  const remove = (dir: string) => run('uninstall', '--dir', dir, '--confirm', basename(dir))
  const ups: { cold: number; warm: number }[] = []
  const starts: Figure[] = []
  try {
    for (let round = 0; round < UP_ROUNDS; round++) {
      const dir = join(parent, `d${round}`)
      const cold = (await run('up', '--yes', '--dir', dir)).ms
      await run('down', '--dir', dir)
      const warm = (await run('up', '--yes', '--dir', dir)).ms
      ups.push({ cold, warm })
      if (round === 0) starts.push(...(await measureStarts(dir)))
      await remove(dir)
    }
  } finally {
    // What a failed round left: its data may lie outside the folder.
    for (let round = 0; round < UP_ROUNDS; round++)
      await remove(join(parent, `d${round}`)).catch(() => undefined)
    await rm(parent, { recursive: true, force: true })
  }
  const seconds = (name: 'cold' | 'warm') => median(ups.map((up) => up[name])) / 1000
  return [
    { name: '`up` from nothing', value: seconds('cold'), unit: 's', target: { atMost: 12 }, detail: {} },
    { name: '`up` again', value: seconds('warm'), unit: 's', target: { atMost: 3 }, detail: {} },
    ...starts,
  ]
}

async function measureStarts(dir: string): Promise<Figure[]> {
  const rounds: { node: number; version: number; status: number }[] = []
  for (let round = 0; round < START_ROUNDS; round++) {
    const node = (await timed([process.execPath, '-e', '0'])).ms
    const version = (await timed([process.execPath, VETRAI, '--version'])).ms
    const status = (await timed([process.execPath, VETRAI, 'status', '--dir', dir])).ms
    rounds.push({ node, version, status })
  }
  const of = (name: 'version' | 'status', atMost: number): Figure => ({
    name: `\`vetrai ${name === 'version' ? '--version' : name}\`, of \`node -e 0\``,
    value: median(rounds.map((round) => round[name] / round.node)),
    unit: 'x',
    target: { atMost },
    detail: {
      ms: median(rounds.map((round) => round[name])),
      node_ms: median(rounds.map((round) => round.node)),
    },
  })
  return [of('version', 4.2), of('status', 7)]
}
