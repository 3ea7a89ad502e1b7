import { resolve } from 'node:path'
import * as Flags from '@oclif/core/flags'
import { AFTER, type MoveTarget } from '../operations/move/move-state.js'
import { durationFlag } from './duration-flag.js'

/** What `vetrai move` takes. */
export const moveFlags = {
  to: Flags.string({
    description: 'the other host, as ssh reaches it',
    env: 'VETRAI_TO',
    helpValue: '[USER@]HOST[:PORT]',
    exclusive: ['archive', 'done', 'cancel'],
  }),
  archive: Flags.string({
    description: 'move by a file instead: close, and write everything into it',
    env: 'VETRAI_ARCHIVE',
    helpValue: 'FILE',
    exclusive: ['done', 'cancel'],
  }),
  done: Flags.boolean({
    description: 'the archive is restored and serves elsewhere: tell visitors here',
    env: 'VETRAI_DONE',
    exclusive: ['cancel'],
  }),
  cancel: Flags.boolean({
    description: 'go back: serve here again, and remove what was begun there',
    env: 'VETRAI_CANCEL',
  }),
  'remote-dir': Flags.string({
    description: 'directory of the deployment there, or below the home there; the same as here without it',
    env: 'VETRAI_REMOTE_DIR',
    helpValue: 'DIR',
    dependsOn: ['to'],
  }),
  'remote-vetrai': Flags.string({
    description: 'the command line there',
    env: 'VETRAI_REMOTE_VETRAI',
    helpValue: 'PATH',
    default: 'vetrai',
  }),
  'ssh-identity': Flags.file({
    description: 'private key that ssh signs in with',
    env: 'VETRAI_SSH_IDENTITY',
    exists: true,
    dependsOn: ['to'],
  }),
  'ssh-option': Flags.string({
    description: 'option of ssh_config, Name=value; may be repeated',
    env: 'VETRAI_SSH_OPTION',
    helpValue: 'NAME=VALUE',
    multiple: true,
    dependsOn: ['to'],
  }),
  runtime: Flags.option({ options: ['embedded', 'compose'] as const })({
    description: 'how it runs there, where otherwise than here',
    env: 'VETRAI_RUNTIME',
  }),
  name: Flags.string({ description: 'its name there', env: 'VETRAI_NAME' }),
  port: Flags.integer({ description: 'its port there', env: 'VETRAI_PORT', min: 1, max: 65_535 }),
  domain: Flags.string({ description: 'its domain there', env: 'VETRAI_DOMAIN' }),
  'public-url': Flags.string({ description: 'URL that people reach it by there', env: 'VETRAI_PUBLIC_URL' }),
  url: Flags.string({
    description: 'with --done: where it serves now',
    env: 'VETRAI_URL',
    dependsOn: ['done'],
  }),
  message: Flags.string({
    description: 'what callers and visitors are told meanwhile',
    env: 'VETRAI_MESSAGE',
    helpValue: 'TEXT',
  }),
  'wait-for': durationFlag({
    description: 'how long running jobs are waited for at most; 10m without it',
    env: 'VETRAI_WAIT_FOR',
  }),
  rehearsal: Flags.boolean({
    description:
      'send a first archive and read it there while this one still serves; not with --no-rehearsal',
    env: 'VETRAI_REHEARSAL',
    default: true,
    allowNo: true,
  }),
  after: Flags.option({ options: AFTER })({
    description: 'what becomes of the deployment here: a page that tells where it went, or a stop',
    env: 'VETRAI_AFTER',
  }),
}

interface MoveFlags {
  'remote-dir'?: string | undefined
  'remote-vetrai': string
  'ssh-identity'?: string | undefined
  'ssh-option'?: string[] | undefined
  runtime?: string | undefined
  name?: string | undefined
  port?: number | undefined
  domain?: string | undefined
  'public-url'?: string | undefined
}

/** The other host that the flags mean. */
export async function targetOfFlags(to: string, flags: MoveFlags, dir: string): Promise<MoveTarget> {
  const { checkOptions, parseDestination } = await import('../operations/move/ssh-destination.js')
  const identity = flags['ssh-identity']
  return {
    ...parseDestination(to),
    identity: identity === undefined ? null : resolve(identity),
    options: checkOptions(flags['ssh-option'] ?? []),
    dir: (flags['remote-dir'] ?? dir).replace(/^~\//, '').replace(/(?<=.)\/+$/, ''),
    vetrai: flags['remote-vetrai'],
    changes: Object.entries(changesOf(flags)).flatMap(([name, value]) => [`--${name}`, String(value)]),
  }
}

/** What is to be otherwise there, as `vetrai restore` is told. */
export function changesOf(flags: MoveFlags): Record<string, string | number> {
  const { runtime, name, port, domain, 'public-url': url } = flags
  return Object.fromEntries(
    Object.entries({ runtime, name, port, domain, 'public-url': url }).flatMap(([flag, value]) =>
      value === undefined ? [] : [[flag, value]],
    ),
  )
}
