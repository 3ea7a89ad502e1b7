import { readFileSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { CliError } from '../../deployment/errors.js'

/** An unprivileged user that the stores run as when the operator is root. */
export interface ServiceUser {
  name: string
  uid: number
  gid: number
}

/** A `vetrai` user is the operator's explicit choice; the others exist on nearly every system. */
const CANDIDATES = ['vetrai', 'postgres', 'nobody']

/** The user the stores must run as: undefined unless root, because PostgreSQL refuses root. */
export function chooseServiceUser(): ServiceUser | undefined {
  if (process.getuid?.() !== 0) return undefined
  const users = readPasswd()
  for (const name of CANDIDATES) {
    const user = users.find((one) => one.name === name && one.uid !== 0)
    if (user) return user
  }
  throw new CliError({
    code: 'no_service_user',
    message: 'PostgreSQL does not run as root, and this system has no unprivileged user for it.',
    next: 'Create one with: useradd --system vetrai (or run vetrai as another user than root)',
  })
}

/** Tells whether a user can reach what lies in this folder: search permission on it and all above. */
export async function canTraverse(folder: string, user: ServiceUser): Promise<boolean> {
  for (let path = folder; ; path = dirname(path)) {
    const { mode, uid, gid } = await stat(path)
    const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001
    if ((mode & bit) === 0) return false
    if (path === dirname(path)) return true
  }
}

/** Spawn options that drop to the service user (and its group only); empty when not root. */
export function spawnAs(user: ServiceUser | undefined): { uid?: number; gid?: number } {
  return user ? { uid: user.uid, gid: user.gid } : {}
}

function readPasswd(): ServiceUser[] {
  return readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .map(([name = '', , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }))
    .filter(({ name, uid, gid }) => name !== '' && Number.isInteger(uid) && Number.isInteger(gid))
}
