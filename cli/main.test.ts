import { expect } from 'chai'
import { runCli } from './testing/run-cli.js'

describe('the command line', () => {
  it('says its version', async () => {
    for (const flag of ['--version', '-v']) {
      const { code, stdout } = await runCli([flag])
      expect(code).to.equal(0)
      expect(stdout).to.match(/^vetrai\/\d+\.\d+\.\d+ \S+ node-v\d+/)
    }
  })

  it('shows every topic, every command and the exit codes in its help', async () => {
    const { code, stdout } = await runCli(['--help'])
    expect(code).to.equal(0)
    for (const word of [
      'tenants',
      'keys',
      'users',
      'audit',
      'config',
      'up',
      'doctor',
      'EXIT CODES',
      'refused by policy',
    ]) {
      expect(stdout).to.include(word)
    }
  })

  it('shows the same help for `help COMMAND` as for `COMMAND --help`', async () => {
    const [asked, flagged, short] = [
      await runCli(['help', 'tenants', 'create']),
      await runCli(['tenants', 'create', '--help']),
      await runCli(['tenants', 'create', '-h']),
    ]
    expect(asked.stdout).to.include('$ vetrai tenants create SLUG').and.include('JSON')
    expect(flagged.stdout).to.equal(asked.stdout)
    expect(short.stdout).to.equal(asked.stdout)
  })

  it('names the command that was meant, with exit code 2', async () => {
    const { code, stderr, stdout } = await runCli(['tenants', 'crate', 'acme'])
    expect(code).to.equal(2)
    expect(stderr).to.include('`tenants crate` is not a vetrai command').and.include('vetrai tenants create')
    expect(stdout).to.equal('')
  })

  it('says every mistake on the command line in one JSON shape, on standard output', async () => {
    const lines = [
      ['statsu', '--json'],
      ['status', '--bogus', '--json'],
      ['tenants', 'create', '--json'],
      ['keys', 'create', '--tenant', 'acme', '--json'],
      ['logs', '--lines', 'many', '--json'],
      ['completion', 'tcsh', '--json'],
    ]
    for (const argv of lines) {
      const run = await runCli(argv)
      const { error } = run.json<{ error: Record<string, string> }>()
      expect(run.code, argv.join(' ')).to.equal(2)
      expect(error, argv.join(' ')).to.have.all.keys('code', 'message', 'next')
      expect(error.code).to.equal('usage')
      expect(error.message).not.to.equal('')
    }
  })

  it('takes the global flags before the command too', async () => {
    const run = await runCli(['--json', '--dir', '/nonexistent/place', 'config', 'show'])
    expect(run.code).to.equal(3)
    expect(run.json<{ error: { code: string } }>().error.code).to.equal('config_missing')
  })

  it('takes the global flags from the environment', async () => {
    const run = await runCli(['config', 'show'], {
      env: { VETRAI_JSON: '1', VETRAI_DIR: '/nonexistent/place' },
    })
    expect(run.json<{ error: { message: string } }>().error.message).to.include('/nonexistent/place')
  })

  it('writes no colour where there is no terminal', async () => {
    const { stdout, stderr } = await runCli(['status', '--dir', '/nonexistent/place'])
    expect(stdout + stderr).not.to.include('\u001b')
  })
})
