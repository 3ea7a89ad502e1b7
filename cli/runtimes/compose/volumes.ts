import type { Deployment } from '../../deployment/deployment.js'
import { CliError } from '../../deployment/errors.js'
import { type Engine, isMissing } from './engine.js'
import { volumeName } from './names.js'
import { DEPLOYMENT_LABEL, type Rendered } from './render.js'

/**
 * Makes the volumes that are missing and gives their roots to the containers' user. Safe to repeat at any moment. CliError
 * `name_taken` when a volume of that name belongs to another deployment.
 */
export async function prepareVolumes(
  deployment: Deployment,
  engine: Engine,
  rendered: Rendered,
): Promise<void> {
  const names = Object.values(rendered.file.volumes).map(({ name }) => name)
  for (const name of names) {
    const owner = await ownerOf(engine, name)
    if (owner !== undefined && owner !== deployment.id) throw taken(deployment, name)
    if (owner === undefined) {
      if (name === volumeName(deployment, 'postgres')) await forgetCluster(deployment)
      await engine.docker.createVolume({ Name: name, Labels: { [DEPLOYMENT_LABEL]: deployment.id } })
    }
  }
  await deployment.updateLock((lock) => ({ ...lock, project: rendered.file.name }))
  await giveRoots(engine, rendered, names)
}

/** Makes a further volume of the deployment, which no service uses yet. */
export async function makeVolume(
  deployment: Deployment,
  engine: Engine,
  rendered: Rendered,
  name: string,
): Promise<void> {
  await engine.docker.createVolume({ Name: name, Labels: { [DEPLOYMENT_LABEL]: deployment.id } })
  await giveRoots(engine, rendered, [name])
}

/** A new cluster has neither roles nor tables, whatever was done in an earlier one. */
async function forgetCluster(deployment: Deployment): Promise<void> {
  await deployment.updateLock(({ cluster: _, ...lock }) => ({ ...lock, done: {} }))
}

/** The volumes of a deployment that the engine has. */
export async function existingVolumes(deployment: Deployment, { docker }: Engine): Promise<string[]> {
  const { Volumes: volumes } = await docker.listVolumes({
    filters: JSON.stringify({ label: [`${DEPLOYMENT_LABEL}=${deployment.id}`] }),
  })
  return (volumes ?? []).map(({ Name }) => Name).sort()
}

/** Whether volumes of another deployment are on this engine. */
export async function hasOtherDeployments(deployment: Deployment, { docker }: Engine): Promise<boolean> {
  const { Volumes: volumes } = await docker.listVolumes({
    filters: JSON.stringify({ label: [DEPLOYMENT_LABEL] }),
  })
  return (volumes ?? []).some(({ Labels: labels }) => labels[DEPLOYMENT_LABEL] !== deployment.id)
}

/** Whether the database has a volume already. */
export async function hasDatabaseVolume(deployment: Deployment, engine: Engine): Promise<boolean> {
  return (await ownerOf(engine, volumeName(deployment, 'postgres'))) !== undefined
}

/** Id of the deployment a volume belongs to; empty for one that carries no label, undefined for none. */
async function ownerOf({ docker }: Engine, name: string): Promise<string | undefined> {
  try {
    const { Labels: labels } = await docker.getVolume(name).inspect()
    return labels?.[DEPLOYMENT_LABEL] ?? ''
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/**
 * A new volume belongs to root. One short container, root with no capability but to change owners, no network and a
 * read-only image, gives it away: the only one of this deployment that is root.
 */
async function giveRoots({ docker }: Engine, rendered: Rendered, names: string[]): Promise<void> {
  if (names.length === 0) return
  const { uid, gid } = rendered.user
  const container = await docker.createContainer({
    Image: rendered.images.server.use,
    User: '0:0',
    Entrypoint: ['chown'],
    Cmd: [`${uid}:${gid}`, ...names.map((_, index) => `/volumes/${index}`)],
    Labels: { [DEPLOYMENT_LABEL]: 'one-off' },
    HostConfig: {
      NetworkMode: 'none',
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      CapAdd: ['CHOWN'],
      SecurityOpt: ['no-new-privileges:true'],
      Binds: names.map((name, index) => `${name}:/volumes/${index}`),
    },
  })
  try {
    await container.start()
    const { StatusCode: code } = (await container.wait()) as { StatusCode: number }
    if (code !== 0) throw new Error(`the volumes could not be given to their user (exit ${code})`)
  } finally {
    await container.remove({ force: true })
  }
}

function taken(deployment: Deployment, volume: string): CliError {
  return new CliError({
    code: 'name_taken',
    message: `The volume ${volume} belongs to another deployment named ${deployment.name}.`,
    next: 'Give this one another name: vetrai config set name OTHER',
    exitCode: 4,
  })
}
