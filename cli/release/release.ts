import { z } from 'zod'
import { CliError } from '../deployment/errors.js'

/** Version of the format; another one is refused. */
const FORMAT = 1

const version = z
  .string()
  .max(60)
  .regex(/^\d{1,6}\.\d{1,6}\.\d{1,6}(-[0-9A-Za-z.-]{1,40})?$/, 'must be a version such as 1.2.3')
const migration = z.string().regex(/^\d{14}-[a-z0-9-]{1,150}$/, 'must be the name of a migration')

const releaseSchema = z.strictObject({
  format: z.literal(FORMAT),
  version,
  /** Name of its newest migration. */
  schema_version: migration,
  /** The oldest version that may be upgraded to this one. */
  minimum_version: version,
  /** Versions on the way that may not be skipped, oldest first. */
  hard_stops: z.array(version).max(1_000),
  /** PostgreSQL majors that it runs on. */
  postgres: z.array(z.int().min(9).max(99)).min(1).max(50),
  /** Free disk that an upgrade wants, in sizes of the data. */
  disk_factor: z.number().min(1).max(20),
  /** What an operator has to know before this version or one on the way to it. */
  breaking: z.array(z.strictObject({ version, note: z.string().min(1).max(1_000) })).max(1_000),
  migrations: z.strictObject({
    /** After these the server of the version before cannot run: they are applied to a copy of the database. */
    incompatible: z.array(migration).max(10_000),
    /** These change or remove something, and were found to leave the version before at work nevertheless. */
    reviewed: z.array(migration).max(10_000),
  }),
})

/** What a version says of itself, in release.json: at the root of its tree, its bundle and its image. */
export type Release = z.output<typeof releaseSchema>

/** Reads a release manifest. CliError `release_invalid` names where it is from and what is wrong with it. */
export function parseRelease(text: string, source: string): Release {
  const parsed = releaseSchema.safeParse(jsonOf(text))
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new CliError({
    code: 'release_invalid',
    message: `The release manifest of ${source} makes no sense (${issue?.path.join('.') || 'the document'}: ${issue?.message}).`,
    next: 'Is it an image of VetrAI, and not of a much newer version? Upgrade with the command line that came with it.',
  })
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
