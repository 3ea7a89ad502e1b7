import { CliError, isSystemError } from '../deployment/errors.js'

/** A file that is no bundle at all. */
export function notABundle(file: string, detail: string): CliError {
  return new CliError({
    code: 'bundle_invalid',
    message: `${file} is no bundle of VetrAI: ${detail}.`,
    next: 'Name a file that `vetrai bundle create FILE` made; compressed again or unpacked it is none.',
  })
}

/** A bundle that is not as it was made. */
export function damagedBundle(file: string, detail: string): CliError {
  return new CliError({
    code: 'bundle_damaged',
    message: `${file} is damaged: ${detail}. Nothing of it was used.`,
    next: 'Copy it again from where it was made and compare both by sha256sum; if they are the same, make a new one there.',
  })
}

/** A bundle of a format that this program does not know. */
export function otherFormat(file: string, format: number, own: number): CliError {
  return new CliError({
    code: 'bundle_format',
    message: `${file} has format ${format}; this command line reads format ${own}.`,
    next:
      format > own
        ? 'Use the command line that is in it: tar -xOf FILE README.txt tells how to take it out.'
        : 'Make a new bundle with this version: vetrai bundle create FILE',
    exitCode: 4,
  })
}

/** A bundle for other machines than this one. */
export function otherArchitecture(file: string, bundled: string, own: string): CliError {
  return new CliError({
    code: 'bundle_architecture',
    message: `${file} is for ${bundled}; here it is ${own}.`,
    next: `Make one on a host with ${own}: vetrai bundle create FILE`,
    exitCode: 4,
  })
}

/** Turns what the file system says of reading or writing a file into words; anything else is passed on. */
export function fileError(error: unknown, path: string): unknown {
  if (!isSystemError(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'EISDIR', 'ENOSPC', 'EROFS', 'EDQUOT'))
    return error
  const { code, message } = error
  const isFull = code === 'ENOSPC' || code === 'EDQUOT'
  return new CliError({
    code: isFull ? 'disk_full' : 'file_unusable',
    message: `${path}: ${isFull ? 'there is no room left on the disk' : message}.`,
    next: isFull
      ? 'Make room, or name a place on another disk, then run the same command again.'
      : 'Name a path that exists and that this user may use.',
    cause: error,
  })
}
