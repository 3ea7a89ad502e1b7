import { setTimeout as sleep } from 'node:timers/promises'
import { median } from '../machine/load.js'
import { type Measured, residentBytes } from '../machine/processes.js'
import type { Figure } from '../report.js'
import { startExpress, startVetrai, type World } from '../world.js'

const ROUNDS = 7
const IDLE_MS = 5_000
const MB = 1_000_000

/** From spawn to taking connections, and resident memory after some idle seconds, beside bare Express. */
export async function measureBoot(world: World): Promise<Figure[]> {
  const boots: { express: number; vetrai: number }[] = []
  for (let round = 0; round < ROUNDS; round++) {
    boots.push({
      express: await bootMs(() => startExpress()),
      vetrai: await bootMs(() => startVetrai(world)),
    })
  }
  const [express, vetrai] = [await idleBytes(() => startExpress()), await idleBytes(() => startVetrai(world))]
  return [
    {
      name: 'boot to listening, of bare Express',
      value: median(boots.map((boot) => boot.vetrai / boot.express)),
      unit: 'x',
      target: { atMost: 4 },
      detail: {
        vetrai_ms: median(boots.map((boot) => boot.vetrai)),
        express_ms: median(boots.map((boot) => boot.express)),
      },
    },
    {
      name: 'idle memory of the server process',
      value: vetrai / MB,
      unit: 'MB',
      target: { atMost: 110 },
      detail: { express_mb: express / MB },
    },
  ]
}

async function bootMs(start: () => Promise<Measured>): Promise<number> {
  const server = await start()
  await server.stop()
  return server.bootMs
}

async function idleBytes(start: () => Promise<Measured>): Promise<number> {
  const server = await start()
  await sleep(IDLE_MS)
  const bytes = residentBytes(server.pid)
  await server.stop()
  return bytes
}
