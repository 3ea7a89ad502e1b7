import { type ChildProcess, fork } from 'node:child_process'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FileResult, WorkerOrder } from './suite-worker.js'

/**
 * Runs the ordinary tests, or those of the paths that are named, in that order: `node dist/test/run-suite.js [PART OF A PATH …]`.
 * Three workers, each with a PostgreSQL and a Redis of its own, take one file after the other, the slow ones of a part first, so
 * that neither waits long for the other at the end. What a file writes is shown when it is over, its failures again after all of
 * them. Exits 1 when anything failed;
 * VETRAI_TEST_REPORT names a file for the totals, VETRAI_TEST_WORKERS another number of workers, VETRAI_TEST_UNTIL the second since
 * 1970 after which no further file is begun: those are named as skipped.
 */
const WORKERS = Number(process.env.VETRAI_TEST_WORKERS || 3)
const WORKER = fileURLToPath(new URL('./suite-worker.js', import.meta.url))
/** Seconds that each file took last time: they decide nothing but the order. */
const TIMES = 'dist/.test-times.json'
/** Where nothing is known yet: these take longest. */
const SLOW = [/\.e2e\./, /\/(life|bundle|rotation|upgrade|point-in-time|restore|move)\./, /\/embedded\//]

/**
 * Files that run only where a part of a path asks for their kind: they have a deployment or two for themselves, with a Docker
 * engine or without one, for minutes.
 */
const ASKED = [
  { is: /^dist\/test\/appliance\//, by: 'appliance' },
  { is: /\.e2e\.test\.js$/, by: '.e2e.' },
]

/** Files that take longer than a run for every change may: they run where VETRAI_TEST_LONG says so, or they are named. */
const LONG = /\.long\.test\.js$/

/** Files whose time is a promise: run before all others, one after the other. */
const ALONE = /\.alone\.test\.js$/
/** Files that take away what others stand on: run after all others, one after the other. */
const LAST = /\.last\.test\.js$/

const until = Number(process.env.VETRAI_TEST_UNTIL || Number.POSITIVE_INFINITY) * 1_000
const isLate = () => Date.now() > until

const known = readTimes()
const files = testFiles(process.argv.slice(2))
const results: FileResult[] = []
const began = performance.now()

const alone = files.filter((file) => ALONE.test(file))
const last = files.filter((file) => LAST.test(file))
const together = files.filter((file) => !alone.includes(file) && !last.includes(file))
await runAll(alone, 1)
await runAll(together, WORKERS)
await runAll(last, 1)
for (const file of [...alone, ...together, ...last])
  console.log(`\nskipped: ${file}: the time for this run was up`)
writeFileSync(TIMES, JSON.stringify({ ...known, ...times(results) }))
finish(results)

async function runAll(waiting: string[], workers: number): Promise<void> {
  await Promise.all(Array.from({ length: Math.min(workers, waiting.length) }, () => work(waiting)))
}

/** One worker after the other until no file waits: one that dies costs the file it was at. */
async function work(waiting: string[]): Promise<void> {
  while (waiting.length > 0 && !isLate()) {
    const worker = fork(WORKER, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    await serve(worker, waiting)
  }
}

function serve(worker: ChildProcess, waiting: string[]): Promise<void> {
  let current: string | undefined
  const give = () => {
    current = isLate() ? undefined : waiting.shift()
    const order: WorkerOrder = current === undefined ? 'end' : { run: current }
    worker.send(order)
  }
  worker.on('message', (message: 'ready' | FileResult) => {
    if (message !== 'ready') note(message)
    give()
  })
  return new Promise((resolve) => {
    worker.once('exit', (code, signal) => {
      if (current !== undefined) note(lost(current, `the worker ended with ${signal ?? `code ${code}`}`))
      else if (code !== 0)
        note(lost('after the last file', `the worker ended with ${signal ?? `code ${code}`}`))
      resolve()
    })
  })
}

function lost(file: string, reason: string): FileResult {
  const failures = `  ${file}: ${reason}`
  return { file, passed: 0, failed: 1, pending: 0, seconds: 0, output: failures, failures }
}

function note(result: FileResult): void {
  results.push(result)
  process.stdout.write(
    `\n${result.file} (${result.seconds.toFixed(1)} s)\n${result.output.replace(/^\n+|\n+$/g, '')}\n`,
  )
}

function finish(all: FileResult[]): void {
  const sum = (field: 'passed' | 'failed' | 'pending') => all.reduce((total, one) => total + one[field], 0)
  const totals = { passed: sum('passed'), failed: sum('failed'), pending: sum('pending') }
  for (const { file, failures } of all) if (failures) console.log(`\nFailed in ${file}:\n${failures}`)
  const seconds = Math.round((performance.now() - began) / 1_000)
  console.log(`\n  ${totals.passed} passing (${seconds} s, ${all.length} files)`)
  if (totals.failed > 0) console.log(`  ${totals.failed} failing`)
  if (process.env.VETRAI_TEST_REPORT) writeFileSync(process.env.VETRAI_TEST_REPORT, JSON.stringify(totals))
  process.exitCode = totals.failed > 0 || totals.passed === 0 ? 1 : 0
}

/** Compiled tests, those that must be asked for only where they are; the slow ones first. */
function testFiles(parts: string[]): string[] {
  const isAskedFor = (by: string) => parts.some((part) => part.includes(by) || part.includes('.long'))
  return readdirSync('dist', { recursive: true, encoding: 'utf8' })
    .map((name) => join('dist', name))
    .filter((file) => file.endsWith('.test.js'))
    .filter((file) => ASKED.every(({ is, by }) => !is.test(file) || isAskedFor(by)))
    .filter((file) => parts.length === 0 || parts.some((part) => file.includes(part)))
    .filter(
      (file) =>
        !LONG.test(file) || process.env.VETRAI_TEST_LONG || parts.some((part) => part.includes('.long')),
    )
    .map((file) => ({ file, weight: weightOf(file), turn: parts.findIndex((part) => file.includes(part)) }))
    .sort((a, b) => a.turn - b.turn || b.weight - a.weight)
    .map(({ file }) => file)
}

/** Seconds where they are known, else a guess: how slow its kind is, then how much there is of it. */
function weightOf(file: string): number {
  const kind = SLOW.findIndex((pattern) => pattern.test(file))
  return known[file] ?? (kind === -1 ? 0 : 100 * (SLOW.length - kind)) + statSync(file).size / 10_000
}

function readTimes(): Record<string, number> {
  try {
    return JSON.parse(readFileSync(TIMES, 'utf8')) as Record<string, number>
  } catch {
    return {}
  }
}

function times(all: FileResult[]): Record<string, number> {
  return Object.fromEntries(all.map(({ file, seconds }) => [file, seconds]))
}
