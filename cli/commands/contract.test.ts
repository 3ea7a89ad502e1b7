import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from '@oclif/core/command'
import type { Manifest, PJSON } from '@oclif/core/interfaces'
import { expect } from 'chai'
import { buildManifest } from '../operations/build-manifest.js'

const DIST = join(fileURLToPath(import.meta.url), '../../..')
const PROMISED = `
  init up down restart status logs doctor open seed uninstall completion help move
  secrets:repair smtp:test support:bundle
  service:install service:uninstall service:status exec shell
  config:get config:set config:edit config:validate config:show migrate:status migrate:up
  maintenance:on maintenance:off maintenance:status
  tenants:list tenants:create tenants:info tenants:update tenants:suspend tenants:resume tenants:delete tenants:export tenants:import tenants:erase
  keys:list keys:create keys:info keys:rotate keys:revoke keys:verify keys:usage
  users:list users:create users:info users:set-password users:set-role users:disable users:enable users:sessions
  audit:list audit:verify bundle:create bundle:list bundle:load suppressions:list suppressions:add suppressions:remove
  secrets:list secrets:rotate
  backup:create backup:list backup:info backup:verify backup:drill backup:prune backup:schedule backup:download
  backup:copy backup:recovery-key backup:targets backup:window backup:base restore
  upgrade:plan upgrade:run upgrade:resume upgrade:rollback upgrade:history
  notifications:send notifications:explain notifications:deliveries notifications:retry notifications:inbox
  subscribers:list subscribers:create subscribers:info subscribers:delete
  webhooks:list webhooks:create webhooks:info webhooks:update webhooks:delete webhooks:rotate webhooks:test
  webhooks:attempts webhooks:replay webhooks:events
  jobs:list jobs:info jobs:create jobs:cancel jobs:retry jobs:attempts jobs:logs jobs:kinds jobs:dead jobs:redrive
  queues:list queues:pause queues:resume
  schedules:list schedules:create schedules:info schedules:update schedules:pause schedules:resume schedules:run
  schedules:delete schedules:preview
  templates:list templates:info templates:update templates:preview templates:publish templates:versions
  templates:rollback templates:reset templates:test
  workflows:templates workflows:catalogue workflows:create workflows:update workflows:validate workflows:publish
  workflows:versions workflows:show workflows:delete workflows:run workflows:runs workflows:status workflows:steps
  workflows:cancel workflows:resume workflows:replay workflows:secret workflows:secrets workflows:forget-secret`
  .trim()
  .split(/\s+/)

describe('what every command promises', () => {
  let commands: Command.Cached[]

  before(async () => {
    const pjson = JSON.parse(readFileSync(join(DIST, '../package.json'), 'utf8')) as PJSON
    const manifest: Manifest = await buildManifest(DIST, pjson)
    commands = Object.values(manifest.commands)
  })

  it('has every command of the design and no other', () => {
    expect(commands.map(({ id }) => id).sort()).to.deep.equal([...PROMISED].sort())
  })

  it('says in a line and in a paragraph what it does', () => {
    for (const { id, summary, description } of commands) {
      expect(summary, id)
        .to.match(/^[a-z]/)
        .and.not.match(/\.$/)
      expect(description, id).to.match(/\.$/)
    }
  })

  it('shows an example that begins with itself, with long flags', () => {
    for (const { id, examples } of commands) {
      expect(examples, id).to.have.length.of.at.least(1)
      for (const example of examples ?? []) {
        expect(example, id)
          .to.include('<%= config.bin %> <%= command.id %>')
          .and.not.match(/ -[a-z]\b/)
      }
    }
  })

  it('gives every flag a description and a VETRAI_ variable', () => {
    for (const { id, flags } of commands) {
      for (const flag of Object.values(flags)) {
        if (flag.name === 'confirm') expect(flag.env).to.equal('VETRAI_CONFIRM')
        expect(flag.env, `${id} --${flag.name}`).to.match(/^VETRAI_[A-Z0-9_]+$/)
        expect(flag.description, `${id} --${flag.name}`).to.be.a('string').and.not.equal('')
      }
    }
  })

  it('gives no two flags of a command the same variable', () => {
    for (const { id, flags } of commands) {
      const names = Object.values(flags).map(({ env }) => env)
      expect(new Set(names).size, id).to.equal(names.length)
    }
  })

  it('takes the global flags and documents its JSON', () => {
    for (const { id, flags, jsonDoc } of commands) {
      expect(flags, id).to.include.keys('dir', 'json', 'no-color', 'quiet', 'yes')
      expect(jsonDoc, id).to.be.an('object')
    }
  })

  it('asks for a confirmation wherever something is destroyed', () => {
    for (const { id, flags } of commands) {
      if (/:delete$|^uninstall$/.test(id)) expect(flags, id).to.have.property('confirm')
    }
  })

  it('reads no argument from standard input behind the user’s back, and takes no secret in a flag', () => {
    for (const { id, flags } of commands) {
      const secret = Object.keys(flags).filter((name) => /password|secret|token/.test(name))
      for (const name of secret) expect(name, id).to.match(/-stdin$|-file$/)
    }
  })
})
