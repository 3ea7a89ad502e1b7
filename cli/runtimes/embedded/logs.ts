import { open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { StringDecoder } from 'node:string_decoder'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Deployment } from '../../deployment/deployment.js'
import { CliError } from '../../deployment/errors.js'
import { LOG_BOUNDS } from './log-files.js'
import { logTime } from './log-time.js'
import { componentNames } from './status.js'

/** One line of one component's log. */
export interface LogLine {
  component: string
  line: string
}

const CHUNK = 256 * 1024
const POLL_MS = 200

/**
 * The last `lines` lines (of each log, merged by time when no component is named), rotated files
 * included, then, with `follow`, every new line until the caller stops. No line is repeated or
 * skipped when a log is rotated meanwhile.
 */
export async function* readLogs(
  deployment: Deployment,
  options: { component?: string; follow: boolean; lines: number },
): AsyncIterable<LogLine> {
  const names = chosenLogs(deployment, options.component)
  const logs = names.map((name) => ({ name, path: join(deployment.paths.logs, `${name}.log`) }))
  const tails = await Promise.all(
    logs.map(async (log) => ({ ...log, ...(await readTail(log.path, options.lines)) })),
  )
  const merged = tails.flatMap(({ name, lines }) => withTimes(name, lines)).sort((a, b) => a.time - b.time)
  for (const { component, line } of merged.slice(-options.lines)) yield { component, line }
  if (!options.follow) return
  const followers = tails.map(({ name, path, end, archives }) => new Follower(name, path, end, archives))
  for (;;) {
    for (const follower of followers) yield* await follower.fresh()
    await sleep(POLL_MS)
  }
}

function chosenLogs(deployment: Deployment, component: string | undefined): string[] {
  const known = [...componentNames(deployment), 'supervisor']
  if (component === undefined) return known
  if (known.includes(component)) return [component]
  throw new CliError({
    code: 'component_unknown',
    message: `There is no component "${component}" in this deployment.`,
    next: `Name one of: ${known.join(', ')}.`,
    exitCode: 2,
  })
}

/** A line without a time belongs right behind the one before it. */
function withTimes(component: string, lines: string[]): (LogLine & { time: number })[] {
  let time = 0
  return lines.map((line) => {
    time = logTime(line) ?? time
    return { component, line, time }
  })
}

/** The last lines of a log and its older files, where its current file ended, and which older ones it had. */
async function readTail(
  path: string,
  wanted: number,
): Promise<{ lines: string[]; end: number; archives: string[] }> {
  for (;;) {
    const archives = await archiveIds(path)
    const current = await lastLines(path, wanted)
    let { lines } = current
    for (let number = 1; lines.length < wanted && number <= archives.length; number++) {
      lines = [...(await lastLines(`${path}.${number}`, wanted - lines.length)).lines, ...lines]
    }
    // Rotated meanwhile: what was read may hold lines twice or not at all.
    if (rotationsSince(archives, await archiveIds(path)) === 0) return { lines, end: current.end, archives }
  }
}

/** Reads backwards in chunks until enough lines are found. A last line without its end counts too. */
async function lastLines(path: string, wanted: number): Promise<{ lines: string[]; end: number }> {
  const file = await open(path, 'r').catch(() => undefined)
  if (!file) return { lines: [], end: 0 }
  try {
    const { size } = await file.stat()
    const chunks: Buffer[] = []
    let newlines = 0
    for (let from = size; from > 0 && newlines <= wanted; ) {
      const length = Math.min(CHUNK, from)
      from -= length
      const { buffer } = await file.read(Buffer.alloc(length), 0, length, from)
      chunks.unshift(buffer)
      newlines += buffer.reduce((count, byte) => count + (byte === 0x0a ? 1 : 0), 0)
    }
    const lines = Buffer.concat(chunks).toString('utf8').split('\n')
    if (lines.at(-1) === '') lines.pop()
    return { lines: wanted > 0 ? lines.slice(-wanted) : [], end: size }
  } finally {
    await file.close()
  }
}

/** Reads what is appended to one log, through any number of rotations between two looks. */
class Follower {
  private readonly decoder = new StringDecoder('utf8')
  private partial = ''

  constructor(
    private readonly component: string,
    private readonly path: string,
    private offset: number,
    private archives: string[],
  ) {}

  async fresh(): Promise<LogLine[]> {
    const lines = (this.partial + this.decoder.write(await this.readOn())).split('\n')
    this.partial = lines.pop() ?? ''
    return lines.map((line) => ({ component: this.component, line }))
  }

  private async readOn(): Promise<Buffer> {
    for (;;) {
      const archives = await archiveIds(this.path)
      let { offset } = this
      const pieces: Buffer[] = []
      // The oldest new archive goes on where the last look ended; those after it are read whole.
      for (let number = rotationsSince(this.archives, archives); number >= 1; number--) {
        pieces.push(await readFrom(`${this.path}.${number}`, offset))
        offset = 0
      }
      const current = await readFrom(this.path, offset)
      // Files are renamed by a rotation: what was read by name until then is read again.
      if (rotationsSince(archives, await archiveIds(this.path)) > 0) continue
      this.archives = archives
      this.offset = offset + current.length
      return Buffer.concat([...pieces, current])
    }
  }
}

/** Names the older files of a log, newest first, in a way that outlives their renaming. */
async function archiveIds(path: string): Promise<string[]> {
  const ids: string[] = []
  for (let number = 1; number <= LOG_BOUNDS.keep; number++) {
    const found = await stat(`${path}.${number}`, { bigint: true }).catch(() => undefined)
    if (found) ids.push(`${found.ino}:${found.birthtimeNs}`)
  }
  return ids
}

function rotationsSince(before: string[], now: string[]): number {
  const newest = before[0]
  if (newest === undefined) return now.length
  const position = now.indexOf(newest)
  return position === -1 ? now.length : position
}

async function readFrom(path: string, offset: number): Promise<Buffer> {
  const file = await open(path, 'r').catch(() => undefined)
  if (!file) return Buffer.alloc(0)
  try {
    const length = Math.max(0, (await file.stat()).size - offset)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}
