import { cpus } from 'node:os'
import { join } from 'node:path'
import { drive, median } from '../machine/load.js'
import { type Measured, timed } from '../machine/processes.js'
import type { Figure } from '../report.js'
import type { Cast } from '../world.js'
import { verifyTarget } from './http.js'

const SECONDS = 8
const ROUNDS = 3
/** Slow enough that waiting in line is not what is measured. */
const VERIFY_RATE = 200

/** Logins, eight at once, against bare bcrypt; and what they do to the verify route meanwhile. */
export async function measureLogin(cast: Cast, vetrai: Measured): Promise<Figure[]> {
  const body = JSON.stringify({ email: cast.email, password: cast.password })
  const login = {
    url: `${vetrai.url}/auth/v1/login`,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  } as const
  const verify = verifyTarget(cast, vetrai)
  const verifySlowly = () => drive(verify, { seconds: SECONDS, connections: 4, rate: VERIFY_RATE })
  await drive(login, { seconds: 2, connections: 8 })

  const rounds: { bare: number; logins: number; idleP99: number; busyP99: number }[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const bare = await bareRate()
    const logins = (await drive(login, { seconds: SECONDS, connections: 8 })).perSecond
    const idleP99 = (await verifySlowly()).p99
    const [busy] = await Promise.all([verifySlowly(), drive(login, { seconds: SECONDS, connections: 8 })])
    rounds.push({ bare, logins, idleP99, busyP99: busy.p99 })
  }
  const of = (name: keyof (typeof rounds)[number]) => median(rounds.map((round) => round[name]))
  return [
    {
      name: 'login, 8 at once, of the bare bcrypt rate',
      value: median(rounds.map((round) => round.logins / round.bare)),
      unit: 'x',
      target: { atLeast: 0.9 },
      detail: { logins_per_second: of('logins'), bcrypt_per_second: of('bare') },
    },
    {
      name: 'verify p99 while logging in, of its idle p99',
      value: median(rounds.map((round) => round.busyP99 / round.idleP99)),
      unit: 'x',
      target: { atMost: 6 },
      detail: { busy_p99_ms: of('busyP99'), idle_p99_ms: of('idleP99') },
    },
  ]
}

/** Bare bcrypt on all cores of the machine. */
async function bareRate(): Promise<number> {
  const program = join(import.meta.dirname, '..', 'baseline', 'bcrypt-rate.js')
  const env = { CONCURRENCY: String(cpus().length), SECONDS: String(SECONDS) }
  return Number((await timed([process.execPath, program], { env })).stdout)
}
