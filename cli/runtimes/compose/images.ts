import { parse } from 'yaml'
import type { Deployment } from '../../deployment/deployment.js'
import { DEFAULT_ENGINE, type ImageName } from '../../deployment/schema.js'
import { archivingImage } from './archiving-image.js'
import { type ChosenImage, pinned } from './chosen-image.js'
import { heldPostgres } from './held-postgres.js'
import { composeAsset } from './installation.js'
import { chooseServer } from './server-image.js'

/** What is rendered otherwise than as lock.json has it. */
export interface Choice {
  /** In the place of the server's image. */
  server?: ChosenImage
  /** PostgreSQL's image as it is wanted, also where the data is of another major. */
  wantedPostgres?: boolean
}

/** Chooses the image of each container: vetrai.yml first, then compose/images.yaml, by the digest in lock.json. */
export async function chooseImages(
  deployment: Deployment,
  { server, wantedPostgres = false }: Choice = {},
): Promise<Record<ImageName, ChosenImage>> {
  const { config, lock } = deployment
  const defaults = parse(await composeAsset('images.yaml')) as Record<string, string | Record<string, string>>
  const { mirror, ...own } = config.images
  const names: ImageName[] = [
    ...(['postgres', 'redis', 'object-store', 'proxy'] as const),
    ...(['prometheus', 'grafana', 'postgres-exporter', 'redis-exporter'] as const),
  ]
  const chosen = names.map((name): [ImageName, ChosenImage] => {
    const standard = defaults[name]
    const usual =
      own[name] ??
      (typeof standard === 'string' ? standard : standard?.[config.objects.engine ?? DEFAULT_ENGINE])
    if (usual === undefined) throw new Error(`compose/images.yaml names no image for ${name}`)
    return [name, pinned(usual, lock, own[name] ? undefined : mirror)]
  })
  const all = Object.fromEntries([
    ['server', server ?? (await chooseServer(deployment))],
    ...chosen,
  ]) as Record<ImageName, ChosenImage>
  if (!wantedPostgres) all.postgres = heldPostgres(all.postgres, lock)
  return config.backup.wal ? { ...all, postgres: await archivingImage(all.postgres, lock) } : all
}
