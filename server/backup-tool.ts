import { text } from 'node:stream/consumers'
import { scrub } from './observability/logger.js'

/** Tells how the work goes: a step begins, or how far the present one is. */
export type Say = (event: { step: string } | { detail: string; done?: number; total?: number }) => void

/** One thing that the program does: its request comes on standard input, its result goes to standard output. */
export type Verb = (request: unknown, say: Say) => Promise<unknown>

/** What the program can do, by the word that it is called with. */
const VERBS: Readonly<Record<string, Verb>> = {}

/**
 * The one-off program `backup-tool VERB`: one JSON document on stdin and one on stdout; on stderr a JSON line for each step and
 * detail, and last the error where there is one. Exit 0 or 1.
 */
async function main(name = ''): Promise<unknown> {
  const verb = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined
  if (!verb) {
    throw Object.assign(new Error(`This version cannot do "${name}" with backups.`), {
      code: 'verb_unknown',
      next: 'Bring the deployment to the version of this command line: vetrai up',
    })
  }
  return verb(JSON.parse((await text(process.stdin)) || '{}'), say)
}

function say(event: object): void {
  process.stderr.write(`${JSON.stringify(event)}\n`)
}

/** What the program ends with. Only errors that know what to do next speak for themselves. */
function problemOf(error: unknown): { code: string; message: string; next: string } {
  const { code, next } = error as { code?: unknown; next?: unknown }
  const message = scrub(error instanceof Error ? error.message : String(error))
  if (typeof code === 'string' && typeof next === 'string') return { code, message, next }
  return { code: 'backup_failed', message, next: 'See how it stands with `vetrai status`, then try again.' }
}

// Whoever asked is gone: nobody would read the result.
process.stderr.on('error', () => process.exit(1))

try {
  const result = await main(process.argv[2])
  if (result !== undefined) process.stdout.write(`${JSON.stringify(result)}\n`)
} catch (error) {
  say({ error: problemOf(error) })
  process.exitCode = 1
}
