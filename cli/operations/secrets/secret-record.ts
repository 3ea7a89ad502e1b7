import type { Api } from '../../clients/api.js'
import type { Deployment } from '../../deployment/deployment.js'
import type { DeploymentConfig } from '../../deployment/schema.js'
import type { GeneratedSecret, SecretName } from '../../deployment/secrets.js'
import type { Progress, Runtime } from '../../runtimes/runtime.js'

/** What a rotation works with. */
export interface RotationContext {
  deployment: Deployment
  runtime: Runtime
  progress: Progress
}

/**
 * A secret that the deployment made for itself, rotated file by file: its new value is put beside the one before, told to the
 * store behind it (`Runtime.applySecret`), read by what is restarted for it (`Runtime.up`), verified, and the one before is
 * retired. Going back is the same with the two values exchanged.
 */
export interface FileSecret {
  kind: 'file'
  name: GeneratedSecret
  /** What it is for, one sentence. */
  about: string
  isUsed(config: DeploymentConfig): boolean
  /** Whether a store behind it has to be told. */
  inStore: boolean
  /** Rotated when it is named only, not with all others. */
  byNameOnly?: true
  /** Throws unless the value to go on with is in use. What `up` waits for was seen before. */
  verify?(context: RotationContext): Promise<void>
  /** Makes the other value worthless where that is no store's work. Safe to repeat. */
  retire?(context: RotationContext, previous: string): Promise<void>
}

/** Keys that the server makes and keeps; it rotates them itself. */
export interface ServerKey {
  kind: 'server'
  name: 'jwt' | 'encryption'
  about: string
  /** Rotates; answers in words what follows. `leaked`: what the present key vouches for is to be trusted no more. */
  rotate(api: Api, progress: Progress, leaked: boolean): Promise<string>
}

/** A secret that is not the deployment's to replace. */
export interface GivenSecret {
  kind: 'given'
  name: SecretName
  about: string
  isUsed(config: DeploymentConfig): boolean
  /** How it is replaced. */
  how: string
}

export type SecretRecord = FileSecret | ServerKey | GivenSecret
