import bcrypt from 'bcrypt'

/** Prints how many passwords of cost 12 this machine checks a second, `CONCURRENCY` at once, in `SECONDS`. */
const concurrency = Number(process.env.CONCURRENCY ?? 2)
const until = performance.now() + Number(process.env.SECONDS ?? 6) * 1000
const hash = await bcrypt.hash('a quiet river 7 miles long', 12)
const startedAt = performance.now()
let checked = 0

async function check(): Promise<void> {
  while (performance.now() < until) {
    await bcrypt.compare('a quiet river 7 miles long', hash)
    checked += 1
  }
}

await Promise.all(Array.from({ length: concurrency }, check))
console.log(checked / ((performance.now() - startedAt) / 1000))
