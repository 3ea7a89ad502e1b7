import type Docker from 'dockerode'
import { type ComposeProject, compose } from '../../clients/compose.js'
import { connectDocker } from '../../clients/docker.js'
import type { Deployment } from '../../deployment/deployment.js'
import { projectName, projectOf } from './names.js'

/** A container of a deployment as the engine lists it. */
export interface RunningContainer {
  id: string
  service: string
  /** From 1 within its service. */
  number: number
  image: string
  imageId: string
  /** Hash of the service's definition that it was made from. */
  configHash: string
  /** Compose's own word: created, running, paused, restarting, exited, dead, removing. */
  state: string
  /** `none` where the container checks nothing. */
  health: 'none' | 'starting' | 'healthy' | 'unhealthy'
  deployment: string | undefined
  /** `127.0.0.1:8000->8000/tcp` */
  ports: string[]
}

/** The engine and project of one deployment, opened once for a command. */
export class Engine {
  private constructor(
    readonly docker: Docker,
    private readonly deployment: Deployment,
  ) {}

  /** CliError when there is no engine, it does not answer, or this user may not use it. */
  static async open(deployment: Deployment): Promise<Engine> {
    return new Engine(await connectDocker(), deployment)
  }

  /** Containers of the deployment, one-off ones left out, in no order. */
  async containers(): Promise<RunningContainer[]> {
    const found = await this.docker.listContainers({ all: true, filters: { label: [this.projectLabel] } })
    return found.flatMap((container) => {
      const { Labels: labels } = container
      if (labels['com.docker.compose.oneoff'] === 'True') return []
      return [
        {
          id: container.Id,
          service: labels['com.docker.compose.service'] ?? '',
          number: Number(labels['com.docker.compose.container-number'] ?? 1),
          image: container.Image,
          imageId: container.ImageID,
          configHash: labels['com.docker.compose.config-hash'] ?? '',
          state: container.State,
          health: healthOf(container.Status),
          deployment: labels['ai.vetrai.deployment'],
          ports: container.Ports.filter(({ PublicPort: port }) => port).map(
            ({ IP: ip, PublicPort: port, PrivatePort: inner, Type: type }) =>
              `${ip}:${port}->${inner}/${type}`,
          ),
        },
      ]
    })
  }

  /** Removes one-off containers that an interrupted command left: those of one service, or all. */
  async removeLeftovers(service?: string): Promise<void> {
    const label = [
      ...[this.projectLabel, 'com.docker.compose.oneoff=True'],
      ...(service === undefined ? [] : [`com.docker.compose.service=${service}`]),
    ]
    for (const { Id } of await this.docker.listContainers({ all: true, filters: { label } })) {
      await this.docker.getContainer(Id).remove({ force: true }).catch(ignoreMissing)
    }
  }

  /** Runs `docker compose` on the rendered file. */
  async compose(args: string[], options?: Parameters<typeof compose>[2]) {
    return compose(await this.project(), args, options)
  }

  /** The project with the file as it was last written, or with one on standard input (`-`). */
  project(file?: string): Promise<ComposeProject> {
    return projectOf(this.deployment, file)
  }

  private get projectLabel(): string {
    return `com.docker.compose.project=${projectName(this.deployment)}`
  }
}

/** What the engine answers for something that is gone is no failure of a removal. */
export function ignoreMissing(error: unknown): void {
  if (!isMissing(error)) throw error
}

/** Tells whether the engine said that something does not exist. */
export function isMissing(error: unknown): boolean {
  return (error as { statusCode?: number }).statusCode === 404
}

function healthOf(status: string): RunningContainer['health'] {
  const word = /\((?:health: )?(starting|healthy|unhealthy)\)/.exec(status)?.[1]
  return (word as RunningContainer['health'] | undefined) ?? 'none'
}
