import { access } from 'node:fs/promises'
import { pipeline, Readable, Transform } from 'node:stream'
import { createGzip } from 'node:zlib'
import { fileError } from '../bundle/bundle-errors.js'
import { BundleWriter } from '../bundle/bundle-writer.js'
import { type InstallationFile, installationFiles } from '../bundle/installation-files.js'
import { type BundledImage, type BundleManifest, FORMAT } from '../bundle/manifest.js'
import { packCli } from '../bundle/pack-cli.js'
import { readmeOf } from '../bundle/readme.js'
import type { Deployment } from '../deployment/deployment.js'
import { CliError } from '../deployment/errors.js'
import { Engine } from '../runtimes/compose/engine.js'
import { installedVersion, ROOT } from '../runtimes/compose/installation.js'
import { usedImages } from '../runtimes/compose/missing-images.js'
import { provideImages } from '../runtimes/compose/provide-images.js'
import { type Rendered, render } from '../runtimes/compose/render.js'
import { describeImages, plainName, saveImages, underPlainNames } from '../runtimes/compose/save-images.js'
import { SERVER_IMAGE_FILE, waitingUpgrade } from '../runtimes/compose/server-image.js'
import { during } from '../runtimes/during.js'
import type { Progress } from '../runtimes/runtime.js'
import { bytes } from '../views/format.js'

/** A bundle: where it is, and what it says of itself. */
export interface BundleSummary extends BundleManifest {
  file: string
  /** Of the whole file. */
  size_bytes: number
}

/**
 * Makes one file of all that a host without a registry needs for this deployment: every image of its Compose file, and this
 * command line. It holds no secret and no setting. The file is there whole or not at all; one that exists is not touched.
 */
export async function createBundle(
  deployment: Deployment,
  file: string,
  progress: Progress,
): Promise<BundleSummary> {
  requireContainers(deployment)
  await requireOwnVersion(deployment)
  await requireFree(file)
  return deployment.withLock('bundle create', async () => {
    const engine = await Engine.open(deployment)
    await during(progress, 'Provide the images', async (step) =>
      provideImages(deployment, engine, await render(deployment), step),
    )
    const writer = await BundleWriter.begin(file).catch((error: unknown) => {
      throw fileError(error, file)
    })
    try {
      return await fill({ deployment, engine, writer, file, progress })
    } catch (error) {
      await writer.abandon()
      throw fileError(error, file)
    }
  })
}

interface Work {
  deployment: Deployment
  engine: Engine
  writer: BundleWriter
  file: string
  progress: Progress
}

async function fill({ deployment, engine, writer, file, progress }: Work): Promise<BundleSummary> {
  const rendered = await render(deployment)
  const images = await describeImages(engine.docker, usedImages(rendered), deployment.lock)
  const facts = { ...(await factsOf(engine)), images }
  await writer.add('README.txt', Readable.from([readmeOf(file, facts)]))
  const files = await installationFiles(ROOT)
  const cli = await packInto(writer, files, rendered, progress)
  await underPlainNames(engine.docker, images, () => saveInto(writer, engine, images, progress))
  const { size, manifest } = await writer.finish(
    (parts): BundleManifest => ({ format: FORMAT, ...facts, cli, parts: parts as BundleManifest['parts'] }),
  )
  return { file, size_bytes: size, ...manifest }
}

async function factsOf({ docker }: Engine) {
  const { Arch: architecture } = await docker.version()
  return { vetrai_version: await installedVersion(), created_at: new Date().toISOString(), architecture }
}

async function packInto(
  writer: BundleWriter,
  files: InstallationFile[],
  { images }: Rendered,
  progress: Progress,
): Promise<BundleManifest['cli']> {
  // The tree that the image was built from is not in the bundle: what is unpacked must know its name.
  const note = { name: SERVER_IMAGE_FILE, content: `${plainName(images.server.usual)}\n` }
  await during(progress, 'Pack the command line', (step) =>
    writer.add(
      'cli.tar.gz',
      packCli(files, [note]),
      counted((sum) => step.update(bytes(sum))),
    ),
  )
  const size = files.reduce((sum, { size }) => sum + size, 0)
  return {
    platform: `${process.platform}-${process.arch}`,
    files: files.length + 1,
    unpacked_bytes: size + Buffer.byteLength(note.content),
  }
}

async function saveInto(
  writer: BundleWriter,
  { docker }: Engine,
  images: BundledImage[],
  progress: Progress,
): Promise<void> {
  await during(progress, `Save ${images.length} images`, async (step) => {
    let read = 0
    const measure = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        read += chunk.length
        done(null, chunk)
      },
    })
    // The level is chosen for speed. An error reaches whoever reads.
    const gzip = createGzip({ level: 1 })
    pipeline(await saveImages(docker, images), measure, gzip, () => undefined)
    const onBytes = counted((written) => step.update(`${bytes(read)} read, ${bytes(written)} written`))
    await writer.add('images.tar.gz', gzip, onBytes)
  })
}

/** Adds up, and tells the sum. */
function counted(tell: (sum: number) => void): (bytes: number) => void {
  let sum = 0
  return (more) => {
    sum += more
    tell(sum)
  }
}

function requireContainers({ config }: Deployment): void {
  if (config.runtime === 'compose') return
  throw new CliError({
    code: 'no_images',
    message: `The runtime ${config.runtime} uses no images.`,
    next: 'Name a deployment with the runtime compose: vetrai bundle create FILE --dir DIR',
    exitCode: 4,
  })
}

/** A bundle is one version: its command line and the image beside it. */
async function requireOwnVersion(deployment: Deployment): Promise<void> {
  const waiting = await waitingUpgrade(deployment)
  if (!waiting) return
  throw new CliError({
    code: 'upgrade_waiting',
    message: `This deployment runs ${waiting.from}; the command line brings ${waiting.to}.`,
    next: 'Upgrade it first (vetrai upgrade plan), or make the bundle of another deployment.',
    exitCode: 4,
  })
}

async function requireFree(file: string): Promise<void> {
  const isThere = await access(file).then(
    () => true,
    () => false,
  )
  if (!isThere) return
  throw new CliError({
    code: 'file_exists',
    message: `${file} exists already.`,
    next: 'Remove it, or name another file.',
    exitCode: 4,
  })
}
