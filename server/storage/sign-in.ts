import pg from 'pg'
import { connectionParts } from './database.js'

/** What PostgreSQL answers when a password is wrong, or the role may not sign in at all. */
const REFUSED = new Set(['28P01', '28000'])
const TIMEOUT_MS = 5_000

export interface SignIn {
  role: string
  accepted: boolean
  /** Why not, in the server's words, which name no password. */
  detail?: string
}

/** Tries each role with its password, one connection each; throws where the server does not answer. */
export async function trySignIns(
  url: string,
  roles: readonly { role: string; password: string; database?: string }[],
): Promise<SignIn[]> {
  const { host, port, database } = connectionParts(url)
  return Promise.all(
    roles.map(async ({ role, password, database: other }) => {
      const client = new pg.Client({
        ...{ host, port, user: role, password, database: other ?? database },
        connectionTimeoutMillis: TIMEOUT_MS,
        query_timeout: TIMEOUT_MS,
      })
      // A connection that breaks after the answer must not end the program.
      client.on('error', () => undefined)
      try {
        await client.connect()
        return { role, accepted: true }
      } catch (error) {
        const { code = '', message = '' } = error as { code?: string; message?: string }
        if (REFUSED.has(code)) return { role, accepted: false, detail: message }
        // The password was right; what is missing is the database.
        if (code === '3D000') return { role, accepted: true }
        throw error
      } finally {
        await client.end().catch(() => undefined)
      }
    }),
  )
}
