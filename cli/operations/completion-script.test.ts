import { execFileSync } from 'node:child_process'
import { expect } from 'chai'
import { runCli } from '../testing/run-cli.js'
import { SHELLS } from './completion-script.js'

describe('shell completion', () => {
  it('knows every command in every shell', async () => {
    for (const shell of SHELLS) {
      const { code, stdout } = await runCli(['completion', shell])
      expect(code, shell).to.equal(0)
      for (const word of ['tenants', 'set-password', 'doctor']) expect(stdout, shell).to.include(word)
    }
  })

  it('is right bash: it proposes commands, their subcommands and their flags', async () => {
    const { stdout: script } = await runCli(['completion', 'bash'])
    const complete = (...words: string[]) => {
      const program = `${script}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}
_vetrai; echo "\${COMPREPLY[*]}"`
      return execFileSync('bash', ['-c', program], { encoding: 'utf8' }).trim().split(' ')
    }
    expect(complete('vetrai', 'ten')).to.deep.equal(['tenants'])
    expect(complete('vetrai', 'tenants', 're')).to.deep.equal(['resume'])
    expect(complete('vetrai', 'tenants', 'create', 'acme', '--pl')).to.deep.equal(['--plan'])
    expect(complete('vetrai', 'up', '--di')).to.deep.equal(['--dir'])
    expect(complete('vetrai', 'sta')).to.deep.equal(['status'])
  })
})
