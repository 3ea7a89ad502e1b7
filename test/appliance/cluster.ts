import { docker } from './docker.js'
import { imageOverrides } from './engine.js'

/** The stand-in of PostgreSQL's next major. */
export const NEWER = imageOverrides().postgres.replace(/postgres$/, 'postgres-18')

/** The PostgreSQL of a deployment, asked in its container. */
export class Cluster {
  constructor(private readonly project: string) {}

  ask(sql: string, database = 'postgres'): Promise<string> {
    return this.#psql(['-U', 'postgres', '-d', database, '-Atc', sql])
  }

  /** Signs in as a role by its password, and answers whom the server takes it for. */
  signsIn(role: string, password: string): Promise<string> {
    const url = `postgres://${role}:${encodeURIComponent(password)}@postgres/postgres`
    return this.#psql(['-Atc', 'select current_user', url])
  }

  async databases(): Promise<string[]> {
    return (await this.ask('select datname from pg_database where not datistemplate order by 1')).split('\n')
  }

  major(): Promise<string> {
    return docker('exec', this.#container, 'cat', '/var/lib/postgresql/data/cluster/PG_VERSION')
  }

  /** Volumes that hold, or held, the database. */
  async volumes(): Promise<string[]> {
    const names = await docker('volume', 'ls', '--quiet', '--filter', `name=^${this.project}-postgres`)
    return names
      .split('\n')
      .filter((name) => !name.endsWith('-socket'))
      .sort()
  }

  get #container(): string {
    return `${this.project}-postgres-1`
  }

  #psql(args: string[]): Promise<string> {
    return docker('exec', this.#container, 'psql', '-v', 'ON_ERROR_STOP=1', ...args)
  }
}
