import type { EngineFacts } from '../clients/engine-facts.js'
import type { Deployment } from '../deployment/deployment.js'
import type { PublishedPort } from '../deployment/published-ports.js'
import { projectName } from '../runtimes/compose/names.js'

/** A running container that holds ports of the host. */
export interface PublishingContainer {
  name: string
  /** True for one of this very deployment. */
  isOwn: boolean
  published: PublishedPort[]
}

/** Containers of the engine that hold ports, whoever they belong to. */
export async function publishingContainers(
  { client }: EngineFacts,
  deployment: Deployment,
): Promise<PublishingContainer[]> {
  const project = projectName(deployment)
  const running = await client.listContainers()
  return running.map(({ Names, Labels, Ports }) => ({
    name: Names[0]?.replace(/^\//, '') ?? '',
    isOwn: Labels['com.docker.compose.project'] === project,
    published: Ports.filter(({ PublicPort }) => PublicPort).map(({ IP, PublicPort, Type }) => ({
      host: IP,
      port: PublicPort,
      protocol: Type === 'udp' ? 'udp' : 'tcp',
      setting: '',
    })),
  }))
}
