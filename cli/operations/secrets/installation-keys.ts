import type { Api } from '../../clients/api.js'

type KeyState = 'coming' | 'current' | 'replaced'

/** The keys that the server keeps, by name and time. */
export interface InstallationKeys {
  master: { id: string; wrapped_at: string }
  signing: { kid: string; state: KeyState; active_from: string }[]
  sealing: { id: number; state: KeyState; active_from: string; resealed_at: string | null }[]
}

/** Which keys the server uses, and since when. */
export function readInstallationKeys(api: Api): Promise<InstallationKeys> {
  return api.get<InstallationKeys>('/auth/v1/installation-keys')
}
