import { PassThrough } from 'node:stream'
import type Docker from 'dockerode'
import { ignoreMissing } from '../engine.js'
import { DEPLOYMENT_LABEL } from '../render.js'

/** What a short container is given. */
export interface OneOff {
  image: string
  command: string[]
  user?: string
  /** `volume:/path` */
  binds?: string[]
}

/**
 * Runs one command in a container without network and rights, its root read-only, and gives what it printed. Throws with its
 * last words where it fails.
 */
export async function runOneOff(
  docker: Docker,
  { image, command: [entrypoint = '', ...args], user, binds }: OneOff,
): Promise<string> {
  const container = await docker.createContainer({
    Image: image,
    Entrypoint: [entrypoint],
    Cmd: args,
    ...(user && { User: user }),
    Labels: { [DEPLOYMENT_LABEL]: 'one-off' },
    HostConfig: {
      NetworkMode: 'none',
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges:true'],
      ...(binds && { Binds: binds }),
    },
  })
  try {
    const stream = await container.attach({ stream: true, stdout: true, stderr: true })
    const ended = new Promise<void>((resolve) => stream.once('end', resolve).once('close', resolve))
    const [stdout, stderr] = [collector(), collector()]
    docker.modem.demuxStream(stream, stdout.stream, stderr.stream)
    await container.start()
    const { StatusCode: code } = (await container.wait()) as { StatusCode: number }
    await ended
    if (code !== 0) throw new Error(stderr.text().trim().split('\n').at(-1) || `exit code ${code}`)
    return stdout.text()
  } finally {
    await container.remove({ force: true, v: true }).catch(ignoreMissing)
  }
}

/** Runs a command in a container that runs; gives its exit code and what it printed. */
export async function execIn(
  docker: Docker,
  container: string,
  command: string[],
): Promise<{ code: number; output: string }> {
  const exec = await docker
    .getContainer(container)
    .exec({ Cmd: command, AttachStdout: true, AttachStderr: true })
  const stream = await exec.start({})
  const output = collector()
  docker.modem.demuxStream(stream, output.stream, output.stream)
  await new Promise<void>((resolve) => stream.once('end', resolve).once('close', resolve))
  const { ExitCode: code } = await exec.inspect()
  return { code: code ?? 1, output: output.text() }
}

function collector(): { stream: PassThrough; text(): string } {
  let text = ''
  const stream = new PassThrough()
  stream.on('data', (chunk: Buffer) => {
    text += String(chunk)
  })
  return { stream, text: () => text }
}
