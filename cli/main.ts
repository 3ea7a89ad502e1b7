import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PJSON } from '@oclif/core/interfaces'
import { hoistFlags } from './base/hoist-flags.js'

const VERSION_FLAGS = new Set(['--version', '-v'])

/**
 * Runs the command line and answers its exit code, which is also left in `process.exitCode`. Never
 * throws. `root` is the folder of package.json; `programs` holds the commands and their manifest.
 */
export async function main(
  argv: readonly string[],
  root: string,
  programs = join(root, 'dist'),
): Promise<number> {
  const words = hoistFlags(argv)
  const exitCode = await runCommandLine(words, root, programs).catch(async (error: unknown) => {
    const { reportError } = await import('./base/report-error.js')
    return reportError(error, words)
  })
  // A command that shows its result and has failed all the same (`doctor`) says so in process.exitCode.
  process.exitCode = exitCode || Number(process.exitCode ?? 0)
  return process.exitCode
}

async function runCommandLine(argv: string[], root: string, programs: string): Promise<number> {
  const pjson = readPackage(root)
  if (VERSION_FLAGS.has(argv[0] ?? '')) {
    process.stdout.write(
      `${pjson.name}/${pjson.version} ${process.platform}-${process.arch} node-${process.version}\n`,
    )
    return 0
  }
  // Here, so that the version costs no more than Node itself.
  const { run } = await import('./base/run-oclif.js')
  await run(argv, { root: programs, pjson, devPlugins: false, userPlugins: false })
  return 0
}

function readPackage(root: string): PJSON {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as PJSON
}
