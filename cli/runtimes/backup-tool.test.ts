import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { expect } from 'chai'
import * as asByServer from '../../server/backup/tool/memory.js'
import { createDeployment } from '../deployment/create-deployment.js'
import type { Deployment } from '../deployment/deployment.js'
import { temporaryFolder } from '../testing/temporary-folder.js'
import { TOOL_ALLOCATOR, TOOL_NODE_ARGS, type ToolEvent, type ToolRequest } from './backup-tool.js'
import { embeddedRuntime } from './embedded/embedded-runtime.js'
import { installedPrograms } from './embedded/program-paths.js'

/** Speaks the protocol, and does as the request says. */
const PROGRAM = `
import { createInterface } from 'node:readline'
const request = JSON.parse(await new Promise((resolve) => createInterface(process.stdin).once('line', resolve)))
process.stdin.unref()
const say = (event) => process.stderr.write(JSON.stringify(event) + '\\n')
const verbs = {
  echo: () => ({ request, argv: process.argv.slice(2), env: process.env }),
  steps: () => { say({ step: 'Read' }); say({ detail: 'half', done: 1, total: 2 }); say({ step: 'Write' }); return 1 },
  fail: () => { say({ error: { code: 'disk_full', message: 'The disk is full.', next: 'Make room.' } }); process.exit(1) },
  crash: () => { throw new Error('boom') },
  hang: () => { say({ step: 'Hang' }); return new Promise(() => setInterval(() => {}, 1000)) },
  raw: () => { process.stdout.write(Buffer.alloc(300_000, 7)) },
  words: () => { process.stdout.write('no json') },
}
const result = await verbs[process.argv[2]]()
if (result !== undefined) process.stdout.write(JSON.stringify(result))
`

describe('Runtime.tool on the embedded runtime', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let deployment: Deployment
  const run = (verb: string, more: Partial<ToolRequest> = {}) => {
    const backupTool = join(folder.path, 'tool.mjs')
    const runtime = embeddedRuntime(async () => ({ ...(await installedPrograms()), backupTool }))
    return runtime.tool(deployment, { verb, request: {}, needsStores: false, ...more })
  }

  before(async () => {
    folder = await temporaryFolder()
    await writeFile(join(folder.path, 'tool.mjs'), PROGRAM)
    deployment = await createDeployment(join(folder.path, 'shop'))
  })
  after(() => folder.remove())

  it('hands the request over on standard input, and secrets by file', async () => {
    const request = { passphrase: 'correct horse' }
    const { env, ...rest } = (await run('echo', { request })) as { env: Record<string, string> }
    expect(rest).to.deep.equal({ request, argv: ['echo'] })
    expect(env).to.include({
      BACKUP_RECOVERY_PATH: deployment.paths.recovery,
      BACKUP_KEY_FILE: deployment.secrets.path('backup-key'),
      DATABASE_BACKUP_PASSWORD_FILE: deployment.secrets.path('database-backup-password'),
      DATABASE_OWNER_PASSWORD_FILE: deployment.secrets.path('database-owner-password'),
    })
    expect(JSON.stringify(env)).to.not.contain(await deployment.secret('backup-key'))
  })

  it('tells each step as it begins, and how far it is', async () => {
    const events: ToolEvent[] = []
    expect(await run('steps', { onStep: (event) => events.push(event) })).to.equal(1)
    expect(events).to.deep.equal([{ step: 'Read' }, { detail: 'half', done: 1, total: 2 }, { step: 'Write' }])
  })

  it('makes the program’s error its own, and says what a crash left', async () => {
    const error = await refusal(run('fail'), { code: 'disk_full' })
    expect(error).to.include({ message: 'The disk is full.', next: 'Make room.' })
    expect(String(await refusal(run('crash'), { code: 'tool_failed' }))).to.include('boom')
    await refusal(run('words'), { code: 'tool_failed' })
  })

  it('gives bytes as they are to whom they are for, and ends where they cannot be taken', async () => {
    const output = new PassThrough()
    const [bytes] = await Promise.all([buffer(output), run('raw', { output })])
    expect(bytes.equals(Buffer.alloc(300_000, 7))).to.equal(true)
    const full = new Writable({ write: (_chunk, _encoding, done) => done(new Error('no space left')) })
    expect(String(await run('raw', { output: full }).catch((error: unknown) => error))).to.include('no space')
  })

  it('ends the program when it is told to', async () => {
    const abort = new AbortController()
    const running = run('hang', { signal: abort.signal, onStep: () => abort.abort() })
    await refusal(running, { code: 'interrupted' })
  })

  it('is run with the memory that the server gives it', () => {
    expect({ TOOL_ALLOCATOR, TOOL_NODE_ARGS }).to.deep.equal({ ...asByServer })
  })

  it('needs stores that run, unless it is said that none are needed', async () => {
    await refusal(run('echo', { needsStores: true }), { code: 'not_running', exitCode: 3 })
  })
})

/** The error that work ends with, which must have these fields. */
async function refusal(work: Promise<unknown>, fields: object): Promise<Error> {
  const error = await work.then(
    () => new Error('it was not refused'),
    (reason: unknown) => reason as Error,
  )
  expect(error).to.include(fields)
  return error
}
