import { CliError } from '../../deployment/errors.js'

/** Whom `ssh` is told to connect to. */
export interface SshDestination {
  /** `host` or `user@host`, as `ssh` takes it; may be an alias of ~/.ssh/config. */
  host: string
  port: number | null
  /** Private key file; null for what `ssh` finds itself. */
  identity: string | null
  /** Further options, `Name=value`. */
  options: string[]
}

const DESTINATION =
  /^(?:([A-Za-z0-9_][A-Za-z0-9_.-]*)@)?([A-Za-z0-9][A-Za-z0-9_.-]*|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?$/
const OPTION = /^[A-Za-z]+=.+$/

/** Reads `[user@]host[:port]`; an IPv6 address stands in brackets. Nothing that `ssh` could take for an option passes. */
export function parseDestination(text: string): Pick<SshDestination, 'host' | 'port'> {
  const [whole, user, host = '', port] = DESTINATION.exec(text) ?? []
  const number = port === undefined ? null : Number(port)
  if (whole === undefined || (number !== null && (number < 1 || number > 65_535))) {
    throw new CliError({
      code: 'usage',
      message: `"${text}" is no address of a host.`,
      next: 'Write it as [user@]host[:port], such as root@203.0.113.7:2222.',
      exitCode: 2,
    })
  }
  const bare = host.replace(/^\[(.*)\]$/, '$1')
  return { host: user === undefined ? bare : `${user}@${bare}`, port: number }
}

/** Checks options for `ssh`; what a move relies on comes before them, and the first one counts. */
export function checkOptions(options: readonly string[]): string[] {
  const wrong = options.find((option) => !OPTION.test(option) || /[\r\n\0]/.test(option))
  if (wrong === undefined) return [...options]
  throw new CliError({
    code: 'usage',
    message: `"${wrong}" is no option of ssh.`,
    next: 'Write it as Name=value, such as --ssh-option ProxyJump=bastion.example.com; see: man ssh_config',
    exitCode: 2,
  })
}

/**
 * The arguments of `ssh` before the command: nobody is asked anything, the key of the host must be known, and a connection that
 * hangs is given up.
 */
export function sshArguments({ host, port, identity, options }: SshDestination): string[] {
  const fixed = [
    'BatchMode=yes',
    'StrictHostKeyChecking=yes',
    'ClearAllForwardings=yes',
    'RequestTTY=no',
    'LogLevel=ERROR',
    'ConnectTimeout=20',
    'ServerAliveInterval=15',
    'ServerAliveCountMax=4',
  ]
  return [
    ...[...fixed, ...options].flatMap((option) => ['-o', option]),
    ...(port === null ? [] : ['-p', String(port)]),
    ...(identity === null ? [] : ['-i', identity]),
    '--',
    host,
  ]
}
