import BeeQueue from 'bee-queue'

/** Bare bee-queue: enqueues `COUNT` jobs that do nothing, then runs them; prints both times in milliseconds. */
const count = Number(process.env.COUNT)
const concurrency = Number(process.env.CONCURRENCY)
const redis = JSON.parse(process.env.REDIS ?? '{}')
const options = { redis, getEvents: false, sendEvents: false, storeJobs: false, removeOnSuccess: true }

const producer = new BeeQueue('bench', { ...options, isWorker: false })
await producer.ready()
const enqueueStart = performance.now()
for (let at = 0; at < count; at += 1_000) {
  await producer.saveAll(Array.from({ length: 1_000 }, (_, n) => producer.createJob({ n: at + n })))
}
const enqueueMs = performance.now() - enqueueStart

const worker = new BeeQueue('bench', options)
await worker.ready()
let done = 0
const startedAt = performance.now()
await new Promise<void>((resolve) => {
  worker.on('succeeded', () => {
    done += 1
    if (done === count) resolve()
  })
  worker.process(concurrency, async () => undefined)
})
process.stdout.write(`${JSON.stringify({ enqueueMs, ms: performance.now() - startedAt })}\n`)
process.exit(0)
