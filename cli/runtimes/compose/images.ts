import { parse } from 'yaml'
import type { Deployment } from '../../deployment/deployment.js'
import { DEFAULT_ENGINE, type ImageName } from '../../deployment/schema.js'
import { archivingImage } from './archiving-image.js'
import { type ChosenImage, pinned } from './chosen-image.js'
import { composeAsset } from './installation.js'
import { chooseServer } from './server-image.js'

/**
 * Chooses the image of each container: vetrai.yml first, then compose/images.yaml, by the digest in lock.json. `server` is put
 * in the place of the server's.
 */
export async function chooseImages(
  deployment: Deployment,
  server?: ChosenImage,
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
  return config.backup.wal ? { ...all, postgres: await archivingImage(all.postgres, lock) } : all
}
