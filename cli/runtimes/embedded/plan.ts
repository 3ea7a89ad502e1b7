import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { atomicWrite } from '../../deployment/atomic-write.js'

/** How the supervisor learns that a child serves. */
export type HealthPlan =
  | { kind: 'postgres'; host: string; port: number }
  | { kind: 'redis'; host: string; port: number; passwordFile: string }
  | { kind: 'http'; url: string }

/** How a child is asked to end; whatever outlives `graceMs` is killed. */
export type StopPlan =
  | { kind: 'signal'; graceMs: number }
  | { kind: 'redis-shutdown'; graceMs: number }
  | { kind: 'pg_ctl'; graceMs: number; pgCtl: string; dataDir: string }

/** One child process. Holds no secret, only the paths of secret files. */
export interface ChildPlan {
  name: string
  version: string
  command: string
  args: string[]
  env: NodeJS.ProcessEnv
  cwd: string
  user: { name: string; uid: number; gid: number } | null
  /** Children that must be healthy before this one starts. */
  needs: string[]
  health: HealthPlan
  stop: StopPlan
  log: string
  /** Changes when the program itself changed, so that `up` restarts it. */
  code: string
}

/** All that a supervisor needs to know: written by the command line, read by the supervisor. */
export interface Plan {
  format: 1
  socket: string
  /** Changes when the supervisor's own program changed. */
  code: string
  /** Dependencies first. */
  children: ChildPlan[]
}

/** Identifies what a plan asks for; two plans with one fingerprint run the same. */
export function fingerprint(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 32)
}

/** Identifies the children of a plan, wherever its socket lies. */
export function planFingerprint({ children, code }: Plan): string {
  return fingerprint({ children, code })
}

/** Where the plan of a deployment lies. */
export function planPath(runFolder: string): string {
  return join(runFolder, 'plan.json')
}

/** Saves a plan atomically. */
export async function writePlan(runFolder: string, plan: Plan): Promise<void> {
  await atomicWrite(planPath(runFolder), JSON.stringify(plan, null, 2), 0o600)
}

/** Reads a plan this program wrote; throws when there is none. */
export async function readPlan(path: string): Promise<Plan> {
  return JSON.parse(await readFile(path, 'utf8')) as Plan
}
