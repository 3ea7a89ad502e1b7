import type { EngineFacts } from '../clients/engine-facts.js'
import type { Deployment } from '../deployment/deployment.js'
import type { ConfigProblem } from '../deployment/schema.js'
import type { Runtime, RuntimeStatus } from '../runtimes/runtime.js'

/** When a check runs: before every start, or when somebody asks the doctor. */
export type Stage = 'up' | 'doctor'

/** What a check may look at. Nothing here is changed by a check. */
export interface CheckContext {
  stage: Stage
  /** Directory of the deployment; it may not exist yet. */
  dir: string
  /** Problems of vetrai.yml; undefined while there is none. */
  configProblems: ConfigProblem[] | undefined
  /** The deployment, where there is one whose configuration is valid. */
  deployment: Deployment | undefined
  runtime: Runtime | undefined
  status: RuntimeStatus | undefined
  /** Why there is no `status` although there is a deployment. */
  statusProblem?: unknown
  /** The Docker engine, asked once; rejects with a CliError where it cannot be. Undefined where none is needed. */
  engine?: (() => Promise<EngineFacts>) | undefined
  /** Where a test mail goes; without it none is sent. */
  mailTo?: string | undefined
}

/** What a check found. `remedy` overrides the check's own where the finding knows better. */
export interface Finding {
  level: 'ok' | 'warn' | 'fail'
  detail: string
  remedy?: string
}

/** One thing the doctor looks at. */
export interface Check {
  name: string
  title: string
  stages: readonly Stage[]
  /** What to do when it is not ok. */
  remedy: string
  /** Waits until every other check is done: it takes for itself what they look at. */
  last?: boolean
  /** Looks, and changes nothing; undefined when it does not apply here. */
  run(context: CheckContext): Promise<Finding | undefined>
}

export const ok = (detail: string): Finding => ({ level: 'ok', detail })

export const warn = (detail: string, remedy?: string): Finding => ({
  level: 'warn',
  detail,
  ...(remedy === undefined ? {} : { remedy }),
})

export const fail = (detail: string, remedy?: string): Finding => ({
  level: 'fail',
  detail,
  ...(remedy === undefined ? {} : { remedy }),
})
