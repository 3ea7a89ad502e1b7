import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { engineEnv } from './engine.js'

const run = promisify(execFile)

/** Runs the docker command against the tests' engine and gives what it printed; throws with its errors when it fails. */
export async function docker(...args: string[]): Promise<string> {
  const { stdout } = await run('docker', args, {
    env: { ...process.env, ...engineEnv() },
    maxBuffer: 64 * 1024 * 1024,
  })
  return stdout.trim()
}

/** What `docker inspect` says of containers of a Compose project. */
export async function containersOf(project: string): Promise<ContainerFacts[]> {
  const ids = await docker(
    'ps',
    '--all',
    '--quiet',
    '--filter',
    `label=com.docker.compose.project=${project}`,
  )
  if (ids === '') return []
  const facts = await docker('inspect', ...ids.split('\n')).catch(
    (error: { stdout: string; stderr: string }) => {
      // Removed since they were listed: it tells of the others all the same.
      if (/^Error: No such object/.test(error.stderr)) return error.stdout
      throw error
    },
  )
  return JSON.parse(facts) as ContainerFacts[]
}

/** The part of `docker inspect` that tests look at. */
export interface ContainerFacts {
  Id: string
  Name: string
  Image: string
  Config: { User: string; Env: string[]; Image: string; Labels: Record<string, string> }
  State: { Status: string; Pid: number; Health?: { Status: string } }
  HostConfig: {
    ReadonlyRootfs: boolean
    CapDrop: string[] | null
    CapAdd: string[] | null
    SecurityOpt: string[] | null
    Memory: number
    Init: boolean | null
    LogConfig: { Type: string; Config: Record<string, string> }
  }
  NetworkSettings: { Ports: Record<string, { HostIp: string; HostPort: string }[] | null> }
}

/** Name of a container's service. */
export function serviceOf({ Config }: ContainerFacts): string {
  return Config.Labels['com.docker.compose.service'] ?? ''
}

/** Ids of containers by service: what is the same before and after was not touched. */
export async function idsOf(project: string): Promise<Record<string, string>> {
  return Object.fromEntries((await containersOf(project)).map((one) => [serviceOf(one), one.Id]))
}
