import { PgBoss } from 'pg-boss'

/** pg-boss: enqueues `COUNT` jobs that do nothing, then runs them; prints both times in milliseconds. */
const count = Number(process.env.COUNT)
const connection = JSON.parse(process.env.POSTGRES ?? '{}')

const boss = new PgBoss({ ...connection, max: 10, supervise: false, schedule: false })
boss.on('error', () => undefined)
await boss.start()
await boss.createQueue('bench')
const enqueueStart = performance.now()
for (let at = 0; at < count; at += 1_000) {
  await boss.insert(
    'bench',
    Array.from({ length: 1_000 }, (_, n) => ({ data: { n: at + n } })),
  )
}
const enqueueMs = performance.now() - enqueueStart

let done = 0
const startedAt = performance.now()
await new Promise<void>((resolve) => {
  void boss.work(
    'bench',
    {
      batchSize: Number(process.env.CONCURRENCY),
      burstWhenBatchFull: true,
      pollingIntervalSeconds: 0.5,
    },
    async (jobs) => {
      done += jobs.length
      if (done >= count) setTimeout(resolve, 0)
    },
  )
})
process.stdout.write(`${JSON.stringify({ enqueueMs, ms: performance.now() - startedAt })}\n`)
process.exit(0)
