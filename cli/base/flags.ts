import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'

const GLOBAL = 'GLOBAL'

/** The flags every command takes. */
export const globalFlags = {
  dir: Flags.string({
    description: 'directory of the deployment',
    env: 'VETRAI_DIR',
    helpValue: 'PATH',
    helpGroup: GLOBAL,
  }),
  json: Flags.boolean({
    description: 'print the result, or the error, as one JSON document',
    env: 'VETRAI_JSON',
    helpGroup: GLOBAL,
  }),
  'no-color': Flags.boolean({
    description: 'print without colour (NO_COLOR works too)',
    env: 'VETRAI_NO_COLOR',
    helpGroup: GLOBAL,
  }),
  quiet: Flags.boolean({
    char: 'q',
    description: 'print the result and errors, no progress',
    env: 'VETRAI_QUIET',
    helpGroup: GLOBAL,
  }),
  yes: Flags.boolean({
    char: 'y',
    description: 'take the safe default instead of asking',
    env: 'VETRAI_YES',
    helpGroup: GLOBAL,
  }),
}

/** The tenant a command acts in, by slug or id. */
export const tenantFlag = Flags.string({
  char: 't',
  description: 'tenant to act in, by slug or id',
  env: 'VETRAI_TENANT',
  helpValue: 'TENANT',
  required: true,
})

/** Narrows a command to one tenant; without it the command speaks of the whole installation. */
export const tenantFilterFlag = Flags.string({
  char: 't',
  description: 'tenant to act in, by slug or id; the installation without it',
  env: 'VETRAI_TENANT',
  helpValue: 'TENANT',
})

/** Flags of every command that lists: one page of `--limit` rows, or `--all`. */
export const pageFlags = {
  limit: Flags.integer({
    description: 'rows of one page',
    env: 'VETRAI_LIMIT',
    default: 50,
    min: 1,
    max: 200,
  }),
  cursor: Flags.string({
    description: 'start where an earlier page ended (its next_cursor)',
    env: 'VETRAI_CURSOR',
    exclusive: ['all'],
  }),
  all: Flags.boolean({ description: 'follow the pages to the end', env: 'VETRAI_ALL' }),
}

/** `--channel`: the way a person is reached by. */
export const channelFlag = (description: string) =>
  Flags.string({ description, env: 'VETRAI_CHANNEL', options: ['email', 'sms', 'push'] })

/** `--confirm NAME`, where the name of the thing must be repeated. */
export const confirmFlag = (what: string) =>
  Flags.string({
    description: `repeat ${what} to confirm without being asked`,
    env: 'VETRAI_CONFIRM',
    helpValue: 'NAME',
  })

/** `--password-stdin`: passwords never travel in arguments, where other processes can read them. */
export const passwordStdinFlag = Flags.boolean({
  description: 'read the password from standard input',
  env: 'VETRAI_PASSWORD_STDIN',
})

/** A required positional argument that is never read from standard input behind the user's back. */
export const requiredArg = (description: string) =>
  Args.string({ description, required: true, ignoreStdin: true })

/** An optional positional argument that is never read from standard input. */
export const optionalArg = (description: string) => Args.string({ description, ignoreStdin: true })
