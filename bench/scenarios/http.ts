import { drive, type LoadResult, median, type Target } from '../machine/load.js'
import type { Measured } from '../machine/processes.js'
import type { Figure } from '../report.js'
import type { Cast } from '../world.js'

const WARM_SECONDS = 2
const ROUNDS = 5

/** The hot routes, each measured right after the yardstick in the same round; the medians of the ratios. */
export async function measureRoutes(
  cast: Cast,
  servers: { express: Measured; vetrai: Measured },
  seconds: number,
): Promise<Figure[]> {
  const targets = targetsOf(cast, servers)
  for (const target of Object.values(targets)) await drive(target, { seconds: WARM_SECONDS })
  const rounds: Record<keyof typeof targets, LoadResult>[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const express = await drive(targets.express, { seconds })
    const read = await drive(targets.read, { seconds })
    const verify = await drive(targets.verify, { seconds })
    const me = await drive(targets.me, { seconds })
    const enqueue = await drive(targets.enqueue, { seconds })
    const write = await drive(targets.write, { seconds })
    const send = await drive(targets.send, { seconds })
    rounds.push({ express, read, verify, me, enqueue, write, send })
  }
  const ratioOf = (name: 'read' | 'verify' | 'me' | 'enqueue' | 'send') =>
    median(rounds.map((r) => r[name].perSecond / r.express.perSecond))
  const detailOf = (name: 'read' | 'verify' | 'me' | 'enqueue' | 'send') => ({
    per_second: median(rounds.map((r) => r[name].perSecond)),
    express_per_second: median(rounds.map((r) => r.express.perSecond)),
    p50_ms: median(rounds.map((r) => r[name].p50)),
    p99_ms: median(rounds.map((r) => r[name].p99)),
    express_p99_ms: median(rounds.map((r) => r.express.p99)),
    cpu_us: median(rounds.map((r) => r[name].cpuUs)),
    express_cpu_us: median(rounds.map((r) => r.express.cpuUs)),
  })
  return [
    figure('tenant read by API key', ratioOf('read'), { atLeast: 0.45 }, detailOf('read')),
    figure('POST /keys/v1/verify', ratioOf('verify'), { atLeast: 0.75 }, detailOf('verify')),
    figure('verify, p99', median(rounds.map((r) => r.verify.p99 / r.express.p99)), { atMost: 3 }, {}),
    figure('GET /auth/v1/me by JWT', ratioOf('me'), { atLeast: 0.45 }, detailOf('me')),
    figure('POST /workers/v1/jobs', ratioOf('enqueue'), { atLeast: 0.4 }, detailOf('enqueue')),
    figure(
      'POST /notifications/v1/send, of a plain write, p99',
      median(rounds.map((r) => r.send.p99 / r.write.p99)),
      { atMost: 3 },
      {
        ...detailOf('send'),
        write_p99_ms: median(rounds.map((r) => r.write.p99)),
        enqueue_p99_ms: median(rounds.map((r) => r.enqueue.p99)),
      },
    ),
  ]
}

/** The request of each route, and of the yardstick. */
function targetsOf(cast: Cast, { express, vetrai }: { express: Measured; vetrai: Measured }) {
  const { url, pid } = vetrai
  const byKey = { authorization: `Bearer ${cast.callerKey}` }
  return {
    express: { url: express.url, pid: express.pid },
    read: { url: `${url}/tenancy/v1/tenants/${cast.tenantId}`, pid, headers: byKey },
    verify: verifyTarget(cast, vetrai),
    me: { url: `${url}/auth/v1/me`, pid, headers: { authorization: `Bearer ${cast.jwt}` } },
    enqueue: enqueueTarget(cast, vetrai),
    write: writeTarget(cast, vetrai),
    send: sendTarget(cast, vetrai),
  } as const satisfies Record<string, Target>
}

/** One key asks about another. */
export function verifyTarget(cast: Cast, { url, pid }: Pick<Measured, 'url' | 'pid'>): Target {
  return {
    url: `${url}/keys/v1/verify`,
    pid,
    method: 'POST',
    headers: { authorization: `Bearer ${cast.callerKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ key: cast.otherKey, scopes: ['documents:read'] }),
  }
}

/** A job that is not due while the bench runs: what is measured is that it is accepted, which means committed. */
function enqueueTarget(cast: Cast, { url, pid }: Pick<Measured, 'url' | 'pid'>): Target {
  return {
    url: `${url}/workers/v1/jobs`,
    pid,
    method: 'POST',
    headers: { authorization: `Bearer ${cast.jobsKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      kind: 'workers.http-request',
      payload: { url: 'https://app.example.com/tasks' },
      delay_s: 86_400,
    }),
  }
}

/** A plain authenticated write: one row in a transaction of its own, and no line in the audit log to queue for. */
function writeTarget(cast: Cast, vetrai: Pick<Measured, 'url' | 'pid'>): Target {
  const { url, body, ...same } = enqueueTarget(cast, vetrai)
  return { ...same, url: `${url}/batch`, body: `{"jobs":[${body}]}` }
}

/** A message that is not due while the bench runs: accepted means kept, with its job, like a plain write. */
function sendTarget(cast: Cast, { url, pid }: Pick<Measured, 'url' | 'pid'>): Target {
  return {
    url: `${url}/notifications/v1/send`,
    pid,
    method: 'POST',
    headers: { authorization: `Bearer ${cast.jobsKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      to: { external_id: 'customer-42', email: 'ada@example.com' },
      template: 'announcement',
      data: { title: 'Your report is ready', message: 'It took four minutes.' },
      category: 'product',
      delay_s: 86_400,
    }),
  }
}

function figure(
  name: string,
  value: number,
  target: Figure['target'],
  detail: Record<string, number>,
): Figure {
  return { name, value, unit: 'x', target, detail }
}
