import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { access, mkdir, readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { findFreePort } from '../deployment/free-port.js'

const run = promisify(execFile)
const SSHD = '/usr/sbin/sshd'
const LAUNCHER = join(fileURLToPath(import.meta.url), '../../../../bin/vetrai')

/** A real sshd on loopback, with keys of its own: this machine as another host. */
export interface LoopbackSshd {
  /** What `--to` is told. */
  destination: string
  /** Flags that sign in, and with which host key. */
  flags: string[]
  /** The same, for a host that has another key than is known. */
  flagsOfStranger: string[]
  /** The command line there: this tree's. */
  vetrai: string
  /** From now on the n-th next file that comes in by `cat` is cut off after its first bytes, with its connection. */
  cutNext(n: number): Promise<void>
  stop(): Promise<void>
}

/** Starts one, for the present user. A text instead tells why it cannot be had. */
export async function loopbackSshd(folder: string): Promise<LoopbackSshd | string> {
  if (!(await isThere(SSHD))) return 'there is no /usr/sbin/sshd (package openssh-server)'
  const port = await findFreePort()
  const path = (name: string) => join(folder, name)
  await mkdir(path('bin'), { recursive: true })
  for (const name of ['host', 'stranger', 'user'])
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path(name)])
  await writeFile(path('authorized'), await readFile(path('user.pub')))
  await writeFile(path('sshd_config'), configOf(folder, port))
  await writeFile(path('known'), `[127.0.0.1]:${port} ${await readFile(path('host.pub'), 'utf8')}`)
  await writeFile(path('other'), `[127.0.0.1]:${port} ${await readFile(path('stranger.pub'), 'utf8')}`)
  const vetrai = path('vetrai')
  await writeFile(vetrai, `#!/bin/sh\nVETRAI_SKIP_BUILD=1 exec node ${LAUNCHER} "$@"\n`, { mode: 0o755 })
  await writeFile(path('bin/cat'), catThatBreaks(path('cut')), { mode: 0o755 })
  // sshd of a root user wants it, and only the service of the system makes it.
  if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true, mode: 0o755 })
  const child = spawn(SSHD, ['-D', '-e', '-f', path('sshd_config')], { stdio: 'ignore' })
  const flags = (known: string) => [
    ...['--ssh-identity', path('user')],
    ...['--ssh-option', `UserKnownHostsFile=${path(known)}`, '--ssh-option', 'IdentitiesOnly=yes'],
  ]
  const sshd: LoopbackSshd = {
    destination: `${userInfo().username}@127.0.0.1:${port}`,
    flags: flags('known'),
    flagsOfStranger: flags('other'),
    vetrai,
    cutNext: (n) => writeFile(path('cut'), String(n)),
    stop: () => end(child),
  }
  const problem = await untilListening(child, port).then(() => tryIt(folder, port))
  if (problem === undefined) return sshd
  await end(child)
  return problem
}

function configOf(folder: string, port: number): string {
  const path = `${folder}/bin:${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`
  return `${[
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${folder}/host`,
    `AuthorizedKeysFile ${folder}/authorized`,
    'PidFile none',
    'UsePAM no',
    'StrictModes no',
    'PermitRootLogin yes',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    `SetEnv PATH=${path}`,
  ].join('\n')}\n`
}

/** Counts down the number in the file; at zero it takes a few bytes, then kills the sshd that serves it. */
function catThatBreaks(file: string): string {
  return `#!/bin/sh
if [ $# -gt 0 ] || [ ! -f '${file}' ]; then exec /bin/cat "$@"; fi
left=$(/bin/cat '${file}')
if [ "$left" -gt 1 ]; then echo $((left - 1)) > '${file}'; exec /bin/cat; fi
rm -f '${file}'
head -c 1000
pid=$$
while [ "$pid" -gt 1 ]; do
  case $(/bin/cat /proc/$pid/comm) in sshd*) kill -9 "$pid"; exit 1 ;; esac
  pid=$(awk '/^PPid:/ { print $2 }' /proc/$pid/status)
done
`
}

async function untilListening(child: ChildProcess, port: number): Promise<void> {
  while (child.exitCode === null) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true))
      socket.once('error', () => resolve(false)).once('close', () => socket.destroy())
      socket.once('connect', () => socket.end())
    })
    if (isOpen) return
    await sleep(20)
  }
}

async function tryIt(folder: string, port: number): Promise<string | undefined> {
  const options = ['BatchMode=yes', `UserKnownHostsFile=${folder}/known`, 'IdentitiesOnly=yes']
  const argv = options.flatMap((option) => ['-o', option])
  return run('ssh', [...argv, '-i', `${folder}/user`, '-p', String(port), '127.0.0.1', 'true']).then(
    () => undefined,
    (error: unknown) => `sshd lets nobody in: ${error instanceof Error ? error.message : String(error)}`,
  )
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  await ended
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
