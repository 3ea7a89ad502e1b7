import { readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import fc from 'fast-check'
import { temporaryFolder } from '../testing/temporary-folder.js'
import { generateIdentity, identitiesIn, recipientOf } from './age-keys.js'
import { isAgeRecipient } from './age-recipient.js'
import { createDeployment } from './create-deployment.js'
import type { Deployment } from './deployment.js'
import { type RecoverySettings, settingsText, writeRecoveryKit } from './recovery-folder.js'
import { openKit } from './recovery-kit.js'
import { checkConfig } from './schema.js'
import { generateSecret } from './secrets.js'

describe('what a deployment keeps for its backups', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let identity: string
  let recipient: string
  let count = 0

  before(async () => {
    folder = await temporaryFolder()
    identity = await generateIdentity()
    recipient = await recipientOf(identity)
  })
  after(() => folder.remove())

  const make = async (backup: object = {}, config: object = {}): Promise<Deployment> => {
    count += 1
    const deployment = await createDeployment(join(folder.path, `d${count}`), {
      config: { name: 'shop', ...config, backup },
    })
    await writeRecoveryKit(deployment)
    return deployment
  }
  const kitOf = async ({ paths }: Deployment, ...identities: string[]) =>
    openKit(await readFile(join(paths.recovery, 'kit.age')), identities)
  const settingsOf = (deployment: Deployment) => JSON.parse(settingsText(deployment)) as RecoverySettings

  it('is a kit that the recovery key and the backup key open, whole, and no other key', async () => {
    const deployment = await make({ recovery: recipient })
    const own = identitiesIn(await deployment.secret('backup-key'))
    const kit = await kitOf(deployment, identity)
    expect(kit).to.deep.equal(await kitOf(deployment, ...own))
    expect(kit.config).to.equal(await readFile(deployment.paths.config, 'utf8'))
    expect(kit.override).to.equal(null)
    expect(kit.lock.id).to.equal(deployment.id)
    expect(kit.secrets['master-key']).to.equal(await deployment.secret('master-key'))
    expect(kit.secrets['backup-key']).to.equal(await deployment.secret('backup-key'))
    const stranger = await generateIdentity()
    const refused = await refusal(kitOf(deployment, stranger), { code: 'kit_sealed' })
    expect(String(refused)).to.not.contain(stranger)
    await refusal(kitOf(deployment, 'nonsense'), { code: 'identity_invalid' })
  })

  it('is readable by its owner only, and no secret stands in it', async () => {
    const deployment = await make({ recovery: recipient })
    const { recovery } = deployment.paths
    expect((await stat(recovery)).mode & 0o777).to.equal(0o700)
    for (const name of ['settings.json', 'kit.age']) {
      expect((await stat(join(recovery, name))).mode & 0o777).to.equal(0o600)
      const text = await readFile(join(recovery, name), 'latin1')
      for (const secret of ['master-key', 'backup-key', 'operator-token'] as const)
        expect(text.includes(await deployment.secret(secret))).to.equal(false)
    }
  })

  it('refuses a kit of which any byte is another', async () => {
    const deployment = await make()
    const [own = ''] = identitiesIn(await deployment.secret('backup-key'))
    const sealed = await readFile(join(deployment.paths.recovery, 'kit.age'))
    await fc.assert(
      fc.asyncProperty(fc.nat(sealed.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const other = Uint8Array.from(sealed)
        other[at] = (other[at] ?? 0) ^ change
        const error = await openKit(other, [own]).catch((reason: unknown) => reason)
        expect((error as { code?: string }).code).to.match(/^kit_(damaged|sealed)$/)
      }),
      { numRuns: 60 },
    )
  })

  it('keeps the keys that were: old backups stay readable, new ones are sealed for the new key', async () => {
    const deployment = await make()
    const before = await deployment.secret('backup-key')
    await deployment.secrets.write('backup-key', await generateSecret('backup-key', before))
    const keys = identitiesIn(await deployment.secret('backup-key'))
    expect(keys).to.have.length(2)
    expect(keys[1]).to.equal(before)
    const old = await readFile(join(deployment.paths.recovery, 'kit.age'))
    expect((await openKit(old, keys)).version).to.equal(1)
    await writeRecoveryKit(deployment)
    await refusal(kitOf(deployment, before), { code: 'kit_sealed' })
    expect((await kitOf(deployment, keys[0] ?? '')).secrets['backup-key']).to.equal(keys.join('\n'))
  })

  it('keeps no kit where it could be sealed for nobody', async () => {
    const deployment = await make()
    await rm(deployment.secrets.path('backup-key'))
    await rm(join(deployment.paths.recovery, 'kit.age'))
    await writeRecoveryKit(deployment)
    expect(await stat(join(deployment.paths.recovery, 'kit.age')).catch(() => null)).to.equal(null)
  })

  it('says where backups go as the programs see it, on this host and in containers', async () => {
    const s3 = { endpoint: 'https://s3.example.com', bucket: 'b', access_key: 'AK', prefix: 'shop/' }
    const backup = {
      recovery: recipient,
      targets: [{ name: 'local' }, { name: 'disk', folder: '/mnt/disk' }, { name: 'offsite', s3 }],
    }
    const here = await make(backup, { operator: { email: 'ops@shop.example' } })
    const { targets, ...settings } = settingsOf(here)
    expect(settings).to.deep.include({
      deployment: { id: here.id, name: 'shop', runtime: 'embedded' },
      recipients: [recipient],
      recovery: recipient,
      schedule: '17 3 * * *',
      drill: '47 4 * * 0',
      time_zone: 'UTC',
      keep: { last: 3, daily: 7, weekly: 4, monthly: 6 },
      notify: 'ops@shop.example',
    })
    const secret = (path: string) => ({
      name: 'offsite',
      s3: { ...s3, prefix: 'shop', region: 'us-east-1', secret_key_file: path },
    })
    expect(targets).to.deep.equal([
      { name: 'local', folder: here.paths.backups },
      { name: 'disk', folder: '/mnt/disk' },
      secret(here.secrets.path('backup-offsite-secret-key')),
    ])
    const inContainers = settingsOf(await make(backup, { runtime: 'compose' })).targets
    expect(inContainers).to.deep.equal([
      { name: 'local', folder: '/data/backups' },
      { name: 'disk', folder: '/mnt/disk' },
      secret('/run/secrets/backup-offsite-secret-key'),
    ])
  })
})

describe('backup in vetrai.yml', () => {
  const problems = (backup: object) => {
    const checked = checkConfig({ name: 'shop', operator: { email: 'ops@shop.example' }, backup })
    return checked.ok ? [] : checked.problems.map(({ path, message }) => `${path}: ${message}`)
  }
  const refuses = (backup: object, words: RegExp) => expect(problems(backup).join('\n')).to.match(words)

  it('refuses what would be no backup in the end', async () => {
    const recipient = await recipientOf(await generateIdentity())
    expect(problems({ recovery: recipient, recipients: [recipient] })).to.deep.equal([])
    refuses({ recovery: recipient.slice(0, -1) + (recipient.endsWith('q') ? 'p' : 'q') }, /mistyped/)
    refuses({ targets: [{ name: 'disk' }] }, /either a folder or s3/)
    refuses({ targets: [{ name: 'disk', folder: 'backups' }] }, /absolute/)
    refuses({ targets: [{ name: 'disk', folder: '/mnt/../etc' }] }, /absolute/)
    refuses(
      {
        targets: [
          { name: 'a', folder: '/a1' },
          { name: 'a', folder: '/a2' },
        ],
      },
      /different names/,
    )
    refuses({ targets: [{ name: '../a', folder: '/a1' }] }, /name/)
    refuses({ targets: [] }, /targets/)
    refuses({ schedule: '61 3 * * *' }, /cron/)
    refuses({ schedule: '* * * * * *' }, /cron/)
    refuses({ schedule: '0 0 31 2 *' }, /cron/)
    refuses({ time_zone: 'Mars/Olympus' }, /time zone/)
    refuses({ keep: { last: 0 } }, /keep.last/)
    expect(problems({ schedule: null, drill: '@weekly', time_zone: 'Europe/Berlin' })).to.deep.equal([])
  })

  it('knows a recipient from everything that is one letter off', async () => {
    const recipient = await recipientOf(await generateIdentity())
    expect(isAgeRecipient(recipient)).to.equal(true)
    fc.assert(
      fc.property(
        fc.integer({ min: 4, max: 61 }),
        fc.constantFrom(...'qpzry9x8gf2tvdw0s3jn54khce6mua7l'),
        (at, letter) => {
          const other = recipient.slice(0, at) + letter + recipient.slice(at + 1)
          expect(isAgeRecipient(other)).to.equal(other === recipient)
        },
      ),
    )
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
