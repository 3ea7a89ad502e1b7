import { hostname } from 'node:os'
import type Docker from 'dockerode'
import { connectDocker, dockerEnv } from './docker.js'

/** What the Docker engine says of itself and of the host that it runs on. */
export interface EngineFacts {
  client: Docker
  version: string
  storageDriver: string
  /** As images name it: `amd64`, `arm64` … */
  architecture: string
  /** Where it keeps images and volumes, on its own host. */
  rootDir: string
  /** True where its host is this one, so that paths, kernel and ports are those seen here. */
  isLocal: boolean
  /** What its clock says, in ms since 1970; undefined where it does not tell. */
  time: number | undefined
  /** Bytes of memory of its host. */
  memory: number
  limitsMemory: boolean
  limitsSwap: boolean
  cgroupVersion: string
}

/** Asks the engine that `docker` would use. CliError as of `connectDocker` where it cannot be asked. */
export async function readEngineFacts(): Promise<EngineFacts> {
  const [client, { DOCKER_HOST: address }] = await Promise.all([connectDocker(), dockerEnv()])
  const info = (await client.info()) as EngineInfo
  const isSocket = address === undefined || address.startsWith('unix://')
  const time = Date.parse(info.SystemTime ?? '')
  return {
    client,
    version: info.ServerVersion ?? '',
    storageDriver: info.Driver ?? '',
    architecture: imageArchitecture(info.Architecture ?? ''),
    rootDir: info.DockerRootDir ?? '',
    // An engine in a virtual machine of its own, as on a desktop, has another name.
    isLocal: isSocket && info.Name === hostname(),
    time: Number.isNaN(time) ? undefined : time,
    memory: info.MemTotal ?? 0,
    limitsMemory: info.MemoryLimit ?? false,
    limitsSwap: info.SwapLimit ?? false,
    cgroupVersion: info.CgroupVersion ?? '1',
  }
}

/** The name that images use for what the kernel calls its machine. */
export function imageArchitecture(machine: string): string {
  const names: Record<string, string> = { x86_64: 'amd64', aarch64: 'arm64', armv7l: 'arm', i686: '386' }
  return names[machine] ?? machine
}

/** The part of `GET /info` that is used; older engines leave some of it out. */
interface EngineInfo {
  ServerVersion?: string
  Driver?: string
  Architecture?: string
  DockerRootDir?: string
  Name?: string
  SystemTime?: string
  MemTotal?: number
  MemoryLimit?: boolean
  SwapLimit?: boolean
  CgroupVersion?: string
}
