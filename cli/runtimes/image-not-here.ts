import { CliError } from '../deployment/errors.js'

/** The error of a plan that depends on what is in an image that nobody has brought yet. */
export function imageNotHere(name: string): CliError {
  return new CliError({
    code: 'image_not_here',
    message: `The image ${name} is not on this engine, so that nothing is known of its version yet.`,
    next: `Bring it here and plan again (docker pull ${name}, or vetrai bundle load FILE), or let the upgrade do so: it checks before anything stops.`,
    exitCode: 3,
  })
}
