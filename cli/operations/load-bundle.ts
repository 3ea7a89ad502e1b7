import type Docker from 'dockerode'
import { otherArchitecture } from '../bundle/bundle-errors.js'
import { BundleReader } from '../bundle/bundle-reader.js'
import { requireVacant, type UnpackedCli, unpackCli } from '../bundle/unpack-cli.js'
import { connectDocker } from '../clients/docker.js'
import { type Deployment, openDeployment } from '../deployment/deployment.js'
import { CliError } from '../deployment/errors.js'
import { loadImages, noteLoaded } from '../runtimes/compose/load-images.js'
import { during } from '../runtimes/during.js'
import type { Progress, ProgressStep } from '../runtimes/runtime.js'
import { bytes } from '../views/format.js'

/** What `bundle load` did. */
export interface LoadedBundle {
  file: string
  vetrai_version: string
  /** Names of the images that the engine has now. */
  images: string[]
  /** Where the command line was unpacked; null without `--cli`. */
  cli_dir: string | null
  /** Directory of the deployment whose lock.json knows the images; null where there is none. */
  deployment: string | null
}

/** What to load, and where to. */
export interface LoadBundleInput {
  file: string
  /** Directory of a deployment; there need be none. */
  dir: string
  cliDir: string | undefined
}

/**
 * Gives the images of a bundle to the engine and, where asked, unpacks its command line. Nothing is used before all of it was
 * read and held against its SHA-256; the command line has its place only when everything else was done.
 */
export async function loadBundle(
  { file, dir, cliDir }: LoadBundleInput,
  progress: Progress,
): Promise<LoadedBundle> {
  const bundle = await BundleReader.open(file)
  try {
    const docker = await connectDocker()
    await requireArchitecture(bundle, docker, cliDir)
    if (cliDir !== undefined) await requireVacant(cliDir)
    const deployment = await containersIn(dir)
    await during(progress, 'Verify the bundle', (step) =>
      bundle.verify(reported(step, bundle.size, 'verified')),
    )
    const work = () => useImages(bundle, docker, deployment, progress)
    await (cliDir === undefined ? work() : withCli(bundle, cliDir, progress, work))
    return {
      file,
      vetrai_version: bundle.manifest.vetrai_version,
      images: bundle.manifest.images.map(({ name }) => name),
      cli_dir: cliDir ?? null,
      deployment: deployment?.dir ?? null,
    }
  } finally {
    await bundle.close()
  }
}

async function requireArchitecture(
  { file, manifest }: BundleReader,
  docker: Docker,
  cliDir: string | undefined,
): Promise<void> {
  const { Arch: own } = await docker.version()
  if (manifest.architecture !== own) throw otherArchitecture(file, manifest.architecture, own)
  const platform = `${process.platform}-${process.arch}`
  if (cliDir !== undefined && manifest.cli.platform !== platform)
    throw otherArchitecture(file, manifest.cli.platform, platform)
}

/** The deployment in a directory, if there is one and it runs containers. */
async function containersIn(dir: string): Promise<Deployment | undefined> {
  try {
    const deployment = await openDeployment(dir)
    return deployment.config.runtime === 'compose' ? deployment : undefined
  } catch (error) {
    if (error instanceof CliError && error.code === 'config_missing') return undefined
    throw error
  }
}

async function useImages(
  bundle: BundleReader,
  docker: Docker,
  deployment: Deployment | undefined,
  progress: Progress,
): Promise<void> {
  const { images, parts } = bundle.manifest
  const load = () =>
    during(progress, `Load ${images.length} images`, (step) => {
      const archive = bundle.content('images.tar.gz', reported(step, parts[2].size_bytes, 'loaded'))
      return loadImages(docker, archive, images)
    })
  if (!deployment) return load()
  await deployment.withLock('bundle load', () =>
    deployment.journal.record('bundle load', async () => {
      await load()
      await noteLoaded(deployment, images)
    }),
  )
}

async function withCli(
  bundle: BundleReader,
  cliDir: string,
  progress: Progress,
  work: () => Promise<void>,
): Promise<void> {
  const { cli, parts } = bundle.manifest
  const unpacked: UnpackedCli = await during(progress, 'Unpack the command line', (step) =>
    unpackCli(
      bundle.file,
      bundle.content('cli.tar.gz', reported(step, parts[1].size_bytes, 'unpacked')),
      cli,
      cliDir,
    ),
  )
  try {
    await work()
    await unpacked.install()
  } finally {
    await unpacked.discard()
  }
}

function reported(step: ProgressStep, total: number, verb: string): (size: number) => void {
  let done = 0
  return (size) => {
    done += size
    step.update(`${bytes(done)} of ${bytes(total)} ${verb}`)
  }
}
