import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { findProgram } from './runtimes/embedded/find-program.js'
import type { PlanResult } from './runtimes/runtime.js'
import { tellDeployment } from './testing/deployment-story.js'
import { tellDiagnosis } from './testing/diagnosis-story.js'
import { runVetrai } from './testing/run-vetrai.js'
import { tellShells } from './testing/shell-story.js'

const hasPsql = (await findProgram('psql')) !== undefined

tellDeployment('a deployment, from nothing to nothing', {
  runtime: 'embedded',
  killed: ['server', 'redis', 'postgres'],
  more: (running) => {
    tellDiagnosis(running)
    const { dir, vetrai } = running
    const run = (stdin: string, ...argv: string[]) => {
      const [command = '', target = '', ...rest] = argv
      return runVetrai([command, target, '--dir', dir(), ...rest], { stdin })
    }
    tellShells(running, { run, hasPsql })

    it('leaves no password behind when a shell has ended', async () => {
      expect((await readdir(join(dir(), 'run'))).filter((name) => name.startsWith('psql'))).to.deep.equal([])
    })

    it('would do nothing while everything runs as described', async () => {
      const done = await vetrai('up', '--plan', '--json')
      expect(done.json<PlanResult>()).to.deep.equal({ changes: [] })
      expect((await vetrai('up', '--plan')).stdout).to.include('Nothing to do')
    })
  },
})
