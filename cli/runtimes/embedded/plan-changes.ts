import type { Deployment } from '../../deployment/deployment.js'
import { CliError } from '../../deployment/errors.js'
import { listMigrations, mayNeedMigration } from '../migrate-database.js'
import type { PlanChange, PlanResult } from '../runtime.js'
import type { ChildStatus } from './child.js'
import { differences } from './compare-plans.js'
import { embeddedMigrator } from './migrate.js'
import { findOrphans } from './orphans.js'
import type { ChildPlan } from './plan.js'
import { previewPlan, type WantedPlan } from './preview-plan.js'
import type { ProgramPaths } from './program-paths.js'
import { storeAddresses } from './store-folder.js'
import { type SupervisorReport, supervisorReport } from './supervisor-client.js'

/** What `up` would do, and why. Changes nothing. */
export async function planChanges(deployment: Deployment, programs: ProgramPaths): Promise<PlanResult> {
  const [running, wanted] = await Promise.all([
    supervisorReport(deployment),
    previewPlan(deployment, programs),
  ])
  const changes = running ? changesOf(running, wanted) : startsOf(deployment, wanted)
  return { changes: [...changes, ...(await migrationOf(deployment, programs, running))] }
}

/** Where the files say something else than what runs; empty while nothing does. Never fails. */
export async function findDrift(
  deployment: Deployment,
  programs: ProgramPaths,
): Promise<{ component: string; detail: string }[]> {
  const running = await supervisorReport(deployment).catch(() => undefined)
  if (!running) return []
  try {
    return changesOf(running, await previewPlan(deployment, programs))
      .filter(({ action }) => action !== 'start')
      .map(({ component, action, reasons }) => ({ component, detail: `${action}: ${reasons.join('; ')}` }))
  } catch (error) {
    if (!(error instanceof CliError)) throw error
    return [{ component: 'deployment', detail: `could not be started again: ${error.message}` }]
  }
}

function changesOf(running: SupervisorReport, wanted: WantedPlan): PlanChange[] {
  const replaced = running.plan.code !== wanted.code
  const removed = running.plan.children
    .filter(({ name }) => !wanted.children.some((child) => child.name === name))
    .map(({ name }): PlanChange => {
      return { component: name, action: 'remove', reasons: ['vetrai.yml no longer asks for it'] }
    })
  const others = wanted.children.flatMap((child): PlanChange[] => {
    const before = running.plan.children.find(({ name }) => name === child.name)
    if (!before) return [{ component: child.name, action: 'create', reasons: ['vetrai.yml asks for it'] }]
    const reasons = [
      ...differences(before, child),
      ...(replaced ? ['the supervisor was built anew, and restarts what it keeps'] : []),
    ]
    if (reasons.length > 0) return [{ component: child.name, action: 'recreate', reasons }]
    return idle(running.children.find(({ name }) => name === child.name))
  })
  return [...removed, ...others]
}

/** What should run and does not yet. */
function idle(child: ChildStatus | undefined): PlanChange[] {
  if (child === undefined || child.state === 'running') return []
  const reasons = [`it is ${child.state}`, ...(child.last_error === null ? [] : [child.last_error])]
  return [{ component: child.name, action: 'start', reasons }]
}

/** Without a supervisor all is started; what a killed one left behind is ended first. */
function startsOf(deployment: Deployment, { children }: WantedPlan): PlanChange[] {
  const orphans = findOrphans(deployment).map(({ name }) => name)
  const { versions } = deployment.lock
  return children.map((child): PlanChange => {
    const { name: component } = child
    if (orphans.includes(component)) {
      return { component, action: 'recreate', reasons: ['its supervisor was killed'] }
    }
    const before = versions[component]
    if (before === undefined) return { component, action: 'create', reasons: ['it has never run'] }
    return { component, action: 'start', reasons: ['it does not run', ...versionChange(before, child)] }
  })
}

function versionChange(before: string, { version }: ChildPlan): string[] {
  return before === version ? [] : [`version ${before} becomes ${version}`]
}

async function migrationOf(
  deployment: Deployment,
  programs: ProgramPaths,
  running: SupervisorReport | undefined,
): Promise<PlanChange[]> {
  const migrator = await embeddedMigrator(deployment, programs, await storeAddresses(deployment))
  if (!(await mayNeedMigration(deployment, migrator))) return []
  const pending = canAnswer(deployment, running)
    ? await listMigrations(migrator).then(pendingNames, none)
    : []
  const isNew = !deployment.config.database.url && deployment.lock.versions.postgres === undefined
  const guess = isNew
    ? 'a new database has neither roles nor tables'
    : 'roles or schema may be older than this version'
  return [{ component: 'database', action: 'migrate', reasons: pending.length > 0 ? pending : [guess] }]
}

function canAnswer(deployment: Deployment, running: SupervisorReport | undefined): boolean {
  if (deployment.config.database.url) return true
  return running?.children.some(({ name, state }) => name === 'postgres' && state === 'running') ?? false
}

function pendingNames(migrations: { name: string; applied_at: string | null }[]): string[] {
  return migrations.filter(({ applied_at }) => applied_at === null).map(({ name }) => name)
}

/** A database without roles yet answers nobody. */
function none(): string[] {
  return []
}
