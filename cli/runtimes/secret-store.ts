import type { Deployment } from '../deployment/deployment.js'
import { CliError } from '../deployment/errors.js'
import { RotatingSecret } from '../deployment/rotating-secret.js'
import type { SecretName } from '../deployment/secrets.js'
import { during } from './during.js'
import type { Progress, SecretPhase } from './runtime.js'

/** What lets somebody in by a secret. */
export interface SecretStore {
  title: string
  accepts(value: string): Promise<boolean>
  /** Has it take the present value, and where it can the previous one too: which it may be all that it knows. */
  admit(present: string, previous: string | undefined): Promise<void>
  /** Has it take the present value only. */
  retire(present: string): Promise<void>
}

const WAIT_FOR_OTHERS_MS = 60_000

/** Does to a store what `Runtime.applySecret` promises; CliError `secret_refused` where it cannot be seen to hold. */
export async function tellStore(
  deployment: Deployment,
  store: SecretStore,
  { name, phase }: { name: SecretName; phase: SecretPhase },
  progress: Progress,
): Promise<void> {
  const secret = new RotatingSecret(deployment.secrets, name)
  const work = async () => {
    const [present, previous] = [await secret.present(), await secret.previous()]
    if (phase === 'admit') await admit(store, name, { present, previous })
    else await retire(store, name, { present, previous })
  }
  const title =
    phase === 'admit' ? `Tell ${store.title} its password` : `Have ${store.title} forget the other one`
  await deployment.withLock('secrets rotate', () => during(progress, title, work), WAIT_FOR_OTHERS_MS)
}

interface Values {
  present: string
  previous: string | undefined
}

async function admit(store: SecretStore, name: SecretName, { present, previous }: Values): Promise<void> {
  if (await store.accepts(present)) return
  await store.admit(present, previous)
  await requireAccepted(store, name, present)
}

/** Sign-ins that must fail are few: some stores lock out who fails often. */
async function retire(store: SecretStore, name: SecretName, { present, previous }: Values): Promise<void> {
  await requireAccepted(store, name, present)
  if (previous === undefined || !(await store.accepts(previous))) return
  await store.retire(present)
  await requireAccepted(store, name, present)
  if (await store.accepts(previous)) throw refused(name, 'still takes the other value')
}

async function requireAccepted(store: SecretStore, name: SecretName, present: string): Promise<void> {
  if (!(await store.accepts(present))) throw refused(name, `does not take the value of secrets/${name}`)
}

function refused(name: SecretName, what: string): CliError {
  return new CliError({
    code: 'secret_refused',
    message: `The store behind ${name} ${what}.`,
    next: 'See that everything runs with `vetrai status`, then: vetrai up',
  })
}
