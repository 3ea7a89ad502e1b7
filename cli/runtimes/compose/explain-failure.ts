import { type ComposeOutput, withoutControls } from '../../clients/compose.js'
import type { Deployment } from '../../deployment/deployment.js'
import { CliError } from '../../deployment/errors.js'
import type { Engine } from './engine.js'

const LINES = 8

/** Turns a start that failed into an error that names the container and shows the last lines it wrote. */
export async function explainFailure(
  { paths }: Deployment,
  engine: Engine,
  { stderr }: ComposeOutput,
): Promise<CliError> {
  const culprit = (await engine.containers()).find(
    ({ state, health }) => state === 'restarting' || state === 'exited' || health === 'unhealthy',
  )
  const said = stderr.trim().split('\n').filter(Boolean).slice(-4).join('\n')
  if (!culprit) {
    return new CliError({
      code: 'not_ready',
      message: `The deployment does not become ready: ${said}`,
      next: 'See what it misses: vetrai status, and vetrai logs server. Then run `vetrai up` again: it goes on where it stopped.',
      exitCode: 3,
    })
  }
  const { stdout } = await engine.compose(
    ['logs', '--no-color', '--no-log-prefix', '--tail', String(LINES), culprit.service],
    { check: false },
  )
  const words = [...new Set(withoutControls(stdout).trim().split('\n'))].slice(-LINES).join('\n')
  return new CliError({
    code: 'component_failed',
    message: `The component ${culprit.service} does not become healthy (${culprit.state}). Its last words:\n${words || said}`,
    next: `Read its log: vetrai logs ${culprit.service}. Correct the cause (${paths.config}), then run \`vetrai up\` again.`,
    exitCode: 3,
  })
}
