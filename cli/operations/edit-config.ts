import { spawn } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { atomicWrite } from '../deployment/atomic-write.js'
import { configProblems } from '../deployment/config-file.js'
import { CliError } from '../deployment/errors.js'

/** Starts an editor on a file and resolves with its exit code. */
export type Edit = (file: string) => Promise<number>

/**
 * Lets a person edit a copy of vetrai.yml and takes it over only when it is valid. A copy with problems
 * is kept beside it, named in the CliError `config_invalid`, and edited further the next time.
 */
export async function editConfig(
  path: string,
  edit: Edit = runEditor,
): Promise<{ path: string; changed: boolean }> {
  const before = await readFile(path, 'utf8').catch(() => '')
  const draft = `${path}.edit`
  const left = await readFile(draft, 'utf8').catch(() => undefined)
  if (left === undefined) await atomicWrite(draft, before, 0o600)

  const exitCode = await edit(draft)
  if (exitCode !== 0) throw failed(exitCode, draft)
  const problems = await configProblems(draft)
  if (problems.length > 0) throw invalid(draft, problems)

  const after = await readFile(draft, 'utf8')
  if (after !== before) await atomicWrite(path, after, 0o600)
  await rm(draft, { force: true })
  return { path, changed: after !== before }
}

function runEditor(file: string): Promise<number> {
  const editor = process.env.VISUAL || process.env.EDITOR || 'vi'
  return new Promise((resolve, reject) => {
    // An editor setting may hold arguments ("code --wait"); the shell splits them, the file stays one word.
    const child = spawn('/bin/sh', ['-c', `${editor} "$1"`, 'editor', file], { stdio: 'inherit' })
    child.once('error', reject)
    child.once('exit', (code) => resolve(code ?? 1))
  })
}

function failed(exitCode: number, draft: string): CliError {
  return new CliError({
    code: 'editor_failed',
    message: `The editor ended with code ${exitCode}: nothing was changed.`,
    next: `Your text is in ${draft}. Choose an editor with: export EDITOR=nano`,
  })
}

function invalid(draft: string, problems: { path: string; message: string }[]): CliError {
  return new CliError({
    code: 'config_invalid',
    message: [
      'What you saved is not valid, so vetrai.yml was not changed.',
      ...problems.map(({ path, message }) => `${path || '(file)'}: ${message}`),
    ].join('\n'),
    next: `Your text is kept in ${draft}: run \`vetrai config edit\` again to go on with it.`,
  })
}
