import { z } from 'zod'

/** Version of the format; a reader refuses every other one. */
export const FORMAT = 1

/** What a bundle holds besides its manifest, in this order. */
export const PARTS = ['README.txt', 'cli.tar.gz', 'images.tar.gz'] as const
export type PartName = (typeof PARTS)[number]

/** More than any bundle has; what says more is no bundle of ours, whatever it says. */
const MOST_IMAGES = 100
const MOST_FILES = 1_000_000
const MOST_BYTES = 2 ** 42
const MOST_UNPACKED = 2 ** 33

const line = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a terminal.
    .regex(/^[^\u0000-\u001f\u007f-\u009f]*$/, 'must be one line of text')
const bytes = z.int().min(0).max(MOST_BYTES)
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256')
const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/, 'must be sha256:…')
const imageName = z
  .string()
  .max(300)
  .regex(/^[a-z0-9][\w.:/@-]*$/, 'must be the name of an image')

const bundledImage = z.strictObject({
  /** As vetrai.yml or this version names it, without a mirror in front. */
  ref: imageName,
  /** Its name in the archive of images, and at the engine after loading. */
  name: imageName,
  /** Id at the engine that saved it. */
  id: digest,
  /** Digest by which the registry that it was pulled from knows it. */
  digest: digest.nullable(),
  /** Unpacked, layers that it shares with others counted. */
  size_bytes: bytes,
})

const manifestSchema = z.strictObject({
  format: z.literal(FORMAT),
  vetrai_version: line(60),
  created_at: z.iso.datetime(),
  /** As Docker names it: amd64, arm64. */
  architecture: line(30),
  images: z.array(bundledImage).min(1).max(MOST_IMAGES),
  cli: z.strictObject({
    /** As Node names it: linux-x64. */
    platform: line(60),
    files: z.int().min(1).max(MOST_FILES),
    unpacked_bytes: z.int().min(1).max(MOST_UNPACKED),
  }),
  parts: z.tuple(PARTS.map((name) => partOf(name)) as [Part, Part, Part]),
})

type Part = ReturnType<typeof partOf>
function partOf(name: PartName) {
  return z.strictObject({ name: z.literal(name), size_bytes: bytes.min(1), sha256 })
}

/** What a bundle says of itself; its first part. */
export type BundleManifest = z.output<typeof manifestSchema>
export type BundledImage = z.output<typeof bundledImage>
/** One part as the manifest has it. */
export type BundlePart = BundleManifest['parts'][number]

/** Why a text is no manifest that this program can go by. */
export type ManifestProblem = { kind: 'format'; format: number } | { kind: 'invalid'; detail: string }

/** Reads a manifest; never throws. Blanks after it are what was left of the room kept for it. */
export function parseManifest(
  text: string,
): { ok: true; manifest: BundleManifest } | { ok: false; problem: ManifestProblem } {
  const document = parseJson(text)
  const format = (document as { format?: unknown } | null | undefined)?.format
  if (Number.isSafeInteger(format) && format !== FORMAT) {
    return { ok: false, problem: { kind: 'format', format: format as number } }
  }
  const parsed = manifestSchema.safeParse(document)
  if (parsed.success) return { ok: true, manifest: parsed.data }
  const [issue] = parsed.error.issues
  const detail = `${issue?.path.join('.') || 'the document'}: ${issue?.message}`
  return { ok: false, problem: { kind: 'invalid', detail } }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
