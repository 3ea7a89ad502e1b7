import { BackupError } from './backup/backup-error.js'
import { ToolContext } from './backup/tool/context.js'
import { readRequest } from './backup/tool/read-request.js'
import { talkTo } from './backup/tool/talk.js'
import { VERBS } from './backup/tool/verbs.js'
import { ConfigError } from './config/config.js'
import { scrub } from './observability/logger.js'

/**
 * The one-off program `backup-tool VERB`, which makes, proves and restores backups: one JSON document on stdin and one on stdout
 * (the archive itself for `download`); on stderr a JSON line for each step and detail, and last the error where there is one.
 * Exit 0 or 1. It outlives nobody who asks with an open input.
 */
async function main(name = ''): Promise<unknown> {
  const load = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined
  if (!load) {
    throw new BackupError({
      code: 'verb_unknown',
      message: `This version cannot do "${name}" with backups.`,
      next: 'Bring the deployment to the version of this command line: vetrai up',
    })
  }
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort())
  const context = new ToolContext(process.env, talkTo(process.stderr), stop.signal)
  try {
    const verb = await load()
    return await verb(context, await readRequest(process.stdin, () => process.exit(1)), process.stdout)
  } finally {
    await context.close()
  }
}

/** What the program ends with. Only errors that know what to do next speak for themselves. */
function problemOf(error: unknown): { code: string; message: string; next: string } {
  if (error instanceof BackupError) {
    return { code: error.code, message: scrub(error.message), next: error.next }
  }
  const message = scrub(error instanceof Error ? error.message : String(error))
  if (error instanceof ConfigError)
    return { code: 'config_invalid', message, next: 'Bring the deployment to this version with: vetrai up' }
  return { code: 'backup_failed', message, next: 'See how it stands with `vetrai status`, then try again.' }
}

// Whoever asked is gone: nobody would read the result.
process.stderr.on('error', () => process.exit(1))

try {
  const result = await main(process.argv[2])
  if (result !== undefined) process.stdout.write(`${JSON.stringify(result)}\n`)
} catch (error) {
  process.stderr.write(`${JSON.stringify({ error: problemOf(error) })}\n`)
  process.exitCode = 1
}
