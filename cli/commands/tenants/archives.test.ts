import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import type { ErasedTenant, ImportedTenant } from '../../operations/tenant-archives.js'
import { missingFields } from '../../testing/documented.js'
import { type CliRun, runCli } from '../../testing/run-cli.js'
import { type StubTool, stubTool } from '../../testing/stub-tool.js'
import { temporaryFolder } from '../../testing/temporary-folder.js'

const ID = '01a2156a-0bab-73a8-8b78-7e651a053fec'
const IMPORTED: ImportedTenant = {
  ...{ tenant: { id: ID, slug: 'acme' }, dry_run: false },
  tables: [{ name: 'memberships', rows: 3, imported: 2, present: 1, skipped: 0 }],
  people: { matched: 1, created: 2 },
  objects: { stored: 1, kept: 0, removed: 0 },
  audit: { chain: 'attached', lines: 9, object: `tenants/${ID}/imports/x/audit-logs.jsonl` },
  notes: ['API keys came along revoked'],
}
const ERASED: Omit<ErasedTenant, 'file'> = {
  document: {
    ...{ tenant: { id: ID, slug: 'acme' }, erased_at: '2026-11-26T03:15:00.000Z', erased_by: 'operator' },
    erased: {
      ...{ tables: { users: 1 }, rows: 1, people: 1 },
      objects: { count: 0, bytes: 0 },
      redis_keys: 0,
    },
    ...{
      audit: { lines: 9, head: 'a'.repeat(64) },
      remains: [{ what: 'backups', why: 'whole', until: null }],
    },
  } as ErasedTenant['document'],
  ...{ sha256: 'b'.repeat(64), jws: 'e30.e30.c2ln', text: 'CERTIFICATE OF ERASURE' },
}

describe('vetrai tenants export, import and erase', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let dir: string
  let tool: StubTool
  const run = (argv: string): Promise<CliRun> => runCli([...argv.split(' '), '--dir', dir])
  const documented = async (argv: string) => {
    const done = await run(`${argv} --json`)
    expect(done.code, done.stdout + done.stderr).to.equal(0)
    expect(missingFields(argv.split(' '), done.json())).to.deep.equal([])
  }
  const at = (name: string) => join(folder.path, name)

  beforeEach(async () => {
    folder = await temporaryFolder()
    dir = at('shop')
    tool = stubTool()
    tool.answers['tenant-export'] = ({ output }) =>
      new Promise<void>((resolve) => output?.end('archive', () => resolve()))
    for (const verb of ['tenant-import', 'tenant-restore']) tool.answers[verb] = () => IMPORTED
    tool.answers['tenant-erase'] = () => ERASED
    expect((await run('init --yes')).code).to.equal(0)
  })
  afterEach(async () => {
    tool.remove()
    await folder.remove()
  })

  it('write a file that only its owner reads, and none where one is, with keys outside of arguments', async () => {
    await writeFile(at('phrase'), 'correct horse battery\n')
    await documented(`tenants export acme --output ${at('acme.age')} --passphrase-file ${at('phrase')}`)
    expect(tool.asked.at(-1)?.request).to.deep.equal({
      ...{ slug: 'acme', recipients: [], passphrase: 'correct horse battery' },
    })
    expect((await stat(at('acme.age'))).mode & 0o777).to.equal(0o600)
    const again = await run(`tenants export acme --output ${at('acme.age')} --json`)
    expect(again.json<{ error: { code: string } }>().error.code).to.equal('file_exists')
    expect((await run(`tenants export acme --output ${at('open')}`)).stdout).to.contain('not encrypted')
  })

  it('bring a tenant in by the rule that was asked for, from a file or out of a backup', async () => {
    await documented(`tenants import ${at('acme.age')} --as acme-copy --dry-run`)
    expect(tool.asked.at(-1)).to.deep.include({ mounts: [{ path: at('acme.age') }] })
    expect(tool.asked.at(-1)?.request).to.deep.include({ as: 'acme-copy', conflict: 'refuse', dry_run: true })
    const { stdout } = await run(`restore latest --tenant acme --conflict replace --confirm acme`)
    expect(stdout).to.contain('2 rows came in').and.to.contain('API keys came along revoked')
    expect(tool.asked.at(-1)?.request).to.deep.include({
      ...{ source: { target: null, id: 'latest' }, slug: 'acme', conflict: 'replace', confirm: 'acme' },
    })
  })

  it('erase what was confirmed, never without a place for the certificate, and keep that', async () => {
    const file = at('proof.json')
    expect((await run(`tenants erase acme --confirm other --certificate ${file}`)).code).to.equal(4)
    expect(tool.asked.filter(({ verb }) => verb === 'tenant-erase')).to.deep.equal([])
    await documented(`tenants erase acme --confirm acme --certificate ${file}`)
    expect(JSON.parse(await readFile(file, 'utf8'))).to.deep.equal(ERASED)
    expect((await run(`tenants erase acme --confirm acme --certificate ${file}`)).code).to.equal(4)
    expect(tool.asked.filter(({ verb }) => verb === 'tenant-erase')).to.have.length(1)
  })
})
