import type Docker from 'dockerode'
import { CliError } from '../../../deployment/errors.js'
import type { LockedRelease } from '../../../deployment/lock-file.js'
import { parseRelease, type Release } from '../../../release/release.js'
import type { ServerVersion } from '../../upgrade-host.js'
import type { ChosenImage } from '../chosen-image.js'
import { runOneOff } from './run-one-off.js'

/** Prints what an image of the server says of itself. Only what every one of them has. */
const LOOK = `
const { readFileSync: read, readdirSync: list } = require('node:fs')
const text = (path) => { try { return read(path, 'utf8') } catch { return null } }
console.log(JSON.stringify({
  release: text('/app/release.json'),
  version: JSON.parse(text('/app/package.json') ?? '{}').version ?? null,
  migrations: list('/app/dist/migrations').filter((file) => /^\\d{14}-.*\\.js$/.test(file)).map((file) => file.slice(0, -3)).sort(),
}))
`

interface Look {
  release: string | null
  version: string | null
  migrations: string[]
}

/**
 * Reads what version an image of the server is, in a container of its own. CliError `release_missing` for an image that does not
 * say, unless it is the one a deployment runs already.
 */
export async function readVersion(
  docker: Docker,
  image: ChosenImage,
  { isRunning = false } = {},
): Promise<ServerVersion> {
  const look = await lookInto(docker, image)
  const release = releaseOf(look, image, isRunning)
  const { Id: id } = await docker.getImage(image.use).inspect()
  const locked: LockedRelease = {
    version: release.version,
    schema_version: release.schema_version,
    image: { ref: image.ref, use: image.use, id, origin: image.origin === 'held' ? 'bundle' : image.origin },
  }
  return { release, migrations: look.migrations, locked, name: image.use }
}

async function lookInto(docker: Docker, { use }: ChosenImage): Promise<Look> {
  try {
    return JSON.parse(await runOneOff(docker, { image: use, command: ['node', '-e', LOOK] })) as Look
  } catch (error) {
    throw notAServer(use, error)
  }
}

function releaseOf(
  { release, version, migrations }: Look,
  { use }: ChosenImage,
  isRunning: boolean,
): Release {
  if (release !== null) return parseRelease(release, use)
  const newest = migrations.at(-1)
  if (!isRunning || version === null || newest === undefined) throw notAServer(use)
  return {
    format: 1,
    version,
    schema_version: newest,
    minimum_version: version,
    hard_stops: [],
    postgres: [15, 16, 17, 18],
    disk_factor: 2.5,
    breaking: [],
    migrations: { incompatible: [], reviewed: [] },
  }
}

function notAServer(image: string, cause?: unknown): CliError {
  return new CliError({
    code: 'release_missing',
    message: `The image ${image} does not say which version of VetrAI it is.`,
    next: 'Name an image of the server: vetrai upgrade run --to IMAGE',
    cause,
  })
}
