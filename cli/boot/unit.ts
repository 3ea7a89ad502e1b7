import { unitArgument, unitPath, unitProgram, unitWord } from './escape.js'

/** All that decides how systemd starts a deployment. The same values give the same unit, byte by byte. */
export interface BootUnit {
  /** Name of the deployment. */
  name: string
  /** Id of the deployment: tells whose a unit is, whatever it is called. */
  id: string
  dir: string
  scope: 'system' | 'user'
  /** Whom a unit of the system runs as; undefined for root. */
  user: string | undefined
  node: string
  /** Path of bin/vetrai. */
  program: string
  environment: Record<string, string>
  /** How much the deployment needs docker.service; undefined where it needs no Docker. */
  docker: 'requires' | 'wants' | undefined
  /** Seconds a clean stop may take at most. */
  stopSeconds: number
  /** False on a systemd before 244, which refuses units of this type that restart. */
  mayRestart: boolean
}

/** Name of the unit of a deployment. */
export function unitName(name: string): string {
  return `vetrai-${name}.service`
}

/**
 * The unit that brings a deployment up at boot and down at shutdown. `vetrai up` leaves everything running in the background,
 * within the unit's own control group or in containers, so the unit is one that acts once and stays.
 */
export function renderUnit(unit: BootUnit): string {
  return [
    '# Made by `vetrai service install`, which writes it anew. Changes of your own: systemctl edit',
    section('Unit', unitSection(unit)),
    section('Service', serviceSection(unit)),
    section('Install', [`WantedBy=${target(unit)}`]),
    section(OWNER_SECTION, [`Deployment=${unit.id}`]),
  ].join('\n')
}

/** What starts the unit. */
export function target({ scope }: Pick<BootUnit, 'scope'>): string {
  return scope === 'system' ? 'multi-user.target' : 'default.target'
}

/** Id of the deployment that a unit file belongs to; undefined when VetrAI did not make it. */
export function unitOwner(text: string): string | undefined {
  return new RegExp(`^\\[${OWNER_SECTION}\\]\\nDeployment=([0-9a-f]{16})$`, 'm').exec(text)?.[1]
}

/** systemd reads no section that begins with X-. */
const OWNER_SECTION = 'X-VetrAI'

function unitSection(unit: BootUnit): string[] {
  const { name, dir, node, program, docker, scope } = unit
  const after = [
    ...(scope === 'system' ? ['network-online.target'] : []),
    ...(docker ? ['docker.service'] : []),
  ]
  return [
    `Description=VetrAI deployment ${name}`,
    ...(after.length > 0 ? [`After=${after.join(' ')}`] : []),
    ...(scope === 'system' ? ['Wants=network-online.target'] : []),
    ...(docker ? [`${docker === 'requires' ? 'Requires' : 'Wants'}=docker.service`] : []),
    `RequiresMountsFor=${[dir, program, node].map(unitWord).join(' ')}`,
    // On a disk that is not there, `up` would make a new deployment in the empty folder.
    `AssertPathExists=${unitPath(dir)}/vetrai.yml`,
    'StartLimitIntervalSec=15min',
    'StartLimitBurst=10',
  ]
}

function serviceSection(unit: BootUnit): string[] {
  const { user, environment, stopSeconds, mayRestart } = unit
  return [
    'Type=oneshot',
    'RemainAfterExit=yes',
    ...(user === undefined ? [] : [`User=${user}`]),
    ...Object.entries(environment).map(([name, value]) => `Environment=${unitWord(`${name}=${value}`)}`),
    `ExecStart=${command(unit, ['up', '--dir', unit.dir, '--yes'])}`,
    `ExecStop=${command(unit, ['down', '--dir', unit.dir, '--yes'])}`,
    // `up` has bounds of its own, and a migration may take its time.
    'TimeoutStartSec=infinity',
    `TimeoutStopSec=${stopSeconds}`,
    ...(mayRestart ? ['Restart=on-failure', 'RestartSec=15'] : []),
    // What outlives ExecStop is asked as well before it is killed: the supervisor then stops its children in order.
    'KillMode=control-group',
    // The supervisor itself heals what the kernel kills.
    'OOMPolicy=continue',
    ...hardening(unit),
  ]
}

/** Nothing here may hide what the command line of a person sees: its sockets, /tmp, homes. */
function hardening({ scope, dir }: BootUnit): string[] {
  const everywhere = [
    'NoNewPrivileges=yes',
    'LockPersonality=yes',
    'RestrictRealtime=yes',
    'RestrictSUIDSGID=yes',
    'SystemCallArchitectures=native',
  ]
  // What needs a view of the file system of its own may be out of reach of a user’s manager.
  if (scope === 'user') return everywhere
  return [
    ...everywhere,
    'ProtectSystem=full',
    `ReadWritePaths=${unitWord(`-${dir}`)}`,
    'ProtectClock=yes',
    'ProtectControlGroups=yes',
    'ProtectHostname=yes',
    'ProtectKernelLogs=yes',
    'ProtectKernelModules=yes',
    'ProtectKernelTunables=yes',
  ]
}

function command({ node, program }: BootUnit, words: string[]): string {
  return [unitProgram(node), ...[program, ...words].map(unitArgument)].join(' ')
}

function section(name: string, lines: string[]): string {
  return `\n[${name}]\n${lines.join('\n')}\n`
}
