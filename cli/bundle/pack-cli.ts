import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import tar from 'tar-stream'
import type { InstallationFile } from './installation-files.js'

/** A file that stands in no installation, such as a note for the one that is unpacked. */
export interface ExtraFile {
  name: string
  content: string
}

/** The files as a compressed tar, for whoever reads the stream; the level is chosen for speed. */
export function packCli(files: InstallationFile[], extra: ExtraFile[]): Readable {
  const pack = tar.pack()
  const gzip = createGzip({ level: 1 })
  // An error reaches whoever reads.
  pipeline(pack, gzip).catch(() => undefined)
  fill(pack, files, extra).catch((error: Error) => gzip.destroy(error))
  return gzip
}

async function fill(pack: tar.Pack, files: InstallationFile[], extra: ExtraFile[]): Promise<void> {
  for (const { name, path, size, isProgram } of files) {
    await add(pack, { name, size, mode: isProgram ? 0o755 : 0o644 }, createReadStream(path))
  }
  for (const { name, content } of extra) {
    await add(pack, { name, size: Buffer.byteLength(content), mode: 0o644 }, Readable.from([content]))
  }
  pack.finalize()
}

async function add(
  pack: tar.Pack,
  header: { name: string; size: number; mode: number },
  content: Readable,
): Promise<void> {
  const entry = pack.entry({ ...header, mtime: new Date(0) })
  await pipeline(content, entry)
}
