import { join } from 'node:path'
import { createDeployment } from '../deployment/create-deployment.js'
import { ApiStub } from './api-stub.js'
import { type CliRun, runCli } from './run-cli.js'
import { temporaryFolder } from './temporary-folder.js'

/** A real deployment directory whose server is an ApiStub. */
export interface StubDeployment {
  dir: string
  stub: ApiStub
  /** The operator token the commands must present. */
  token: string
  run(argv: string | readonly string[], stdin?: string): Promise<CliRun>
  remove(): Promise<void>
}

/** Makes one. Words of a command line are split at blanks; `--dir` is added. */
export async function stubDeployment(name = 'testbed'): Promise<StubDeployment> {
  const stub = await ApiStub.start()
  const folder = await temporaryFolder()
  const dir = join(folder.path, name)
  const deployment = await createDeployment(dir, { config: { name, port: stub.port } })
  return {
    dir,
    stub,
    token: await deployment.secret('operator-token'),
    run: (argv, stdin = '') =>
      runCli([...(typeof argv === 'string' ? argv.split(' ') : argv), '--dir', dir], { stdin }),
    remove: async () => {
      await stub.stop().catch(() => undefined)
      await folder.remove()
    },
  }
}
