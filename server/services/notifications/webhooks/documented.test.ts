import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { pairedKey, sharedKey } from './signing/generate-key.js'
import { signedHeaders } from './signing/signature.js'

const run = promisify(execFile)
const BODY = '{"type":"keys.key.revoked","data":{"é":1}}'

/** The code of docs/webhooks.md, run as a receiver would. */
describe('the code for receivers', function () {
  this.timeout(20_000)
  const [shared, pair] = [sharedKey(), pairedKey()]
  const [secret, publicKey] = [shared.secret ?? '', pair.publicKey ?? '']
  const headersAt = (timestamp: number) =>
    signedHeaders({ id: 'm1', timestamp, body: BODY }, [sharedKey(), shared, pair])
  let now: number
  let headers: ReturnType<typeof headersAt>
  let entries: string[]
  let folder: string
  let blocks: (language: string) => string[]

  before(async () => {
    now = Math.floor(Date.now() / 1000)
    headers = headersAt(now)
    entries = (headers['webhook-signature'] ?? '').split(' ')
    folder = await mkdtemp(join(tmpdir(), 'vetrai-webhooks-'))
    const text = await readFile('docs/webhooks.md', 'utf8')
    blocks = (language) =>
      [...text.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 'gs'))].map(([, code]) => code ?? '')
    await writeFile(join(folder, 'body.json'), BODY)
  })
  after(() => rm(folder, { recursive: true, force: true }))

  it('takes what is authentic and nothing else, in Node', async () => {
    const code = blocks('js').find((one) => one.includes('isAuthentic'))
    const file = join(folder, 'receiver.mjs')
    await writeFile(file, code ?? '')
    const { isAuthentic } = await import(pathToFileURL(file).href)
    for (const key of [secret, publicKey]) {
      expect(isAuthentic(BODY, headers, key)).to.equal(true)
      expect(isAuthentic(`${BODY} `, headers, key)).to.equal(false)
      expect(isAuthentic(BODY, { ...headers, 'webhook-id': 'm2' }, key)).to.equal(false)
      expect(isAuthentic(BODY, headersAt(now - 400), key)).to.equal(false)
    }
    expect(isAuthentic(BODY, headers, sharedKey().secret)).to.equal(false)
    expect(isAuthentic(BODY, headers, pairedKey().publicKey)).to.equal(false)
  })

  it('takes what is authentic and nothing else, in Python', async function () {
    if (!(await isThere('python3', ['--version']))) this.skip()
    const [code] = blocks('python')
    const cases = [
      [BODY, headers, secret],
      [`${BODY} `, headers, secret],
      [BODY, headersAt(now - 400), secret],
      [BODY, headers, sharedKey().secret],
    ]
    const ask =
      'import json, sys\nprint([is_authentic(b.encode(), h, k) for b, h, k in json.loads(sys.argv[1])])'
    const { stdout } = await run('python3', ['-c', `${code}\n${ask}`, JSON.stringify(cases)])
    expect(stdout.trim()).to.equal('[True, False, False, False]')
  })

  it('computes and verifies by hand, with OpenSSL', async function () {
    if (!(await isThere('openssl', ['version']))) this.skip()
    const [hmac = '', ed25519 = ''] = blocks('sh').filter((code) => code.includes('openssl'))
    const by = async (code: string, env: Record<string, string>) =>
      (
        await run('sh', ['-ec', code], {
          cwd: folder,
          env: { PATH: process.env.PATH, ID: 'm1', TIME: String(now), ...env },
        })
      ).stdout
    expect(`v1,${await by(hmac, { SECRET: secret })}`).to.equal(entries[1])
    const offline = ed25519.replace(/^curl.*$/m, '')
    const signature = entries[2]?.replace('v1a,', '') ?? ''
    expect(await by(offline, { PUBLIC: publicKey, SIGNATURE: signature })).to.match(/Success/)
    const other = await by(offline, { PUBLIC: pairedKey().publicKey ?? '', SIGNATURE: signature }).catch(
      (failed: { stdout: string }) => failed.stdout,
    )
    expect(other).to.not.match(/Success/)
  })
})

async function isThere(program: string, args: string[]): Promise<boolean> {
  return run(program, args).then(
    () => true,
    () => false,
  )
}
