import * as Flags from '@oclif/core/flags'
import { requiredArg } from './flags.js'
import { readAll } from './read-secret.js'
import { usageError } from './usage-error.js'

/** The endpoint a command is about. */
export const endpointArg = requiredArg('id of the endpoint, or its URL where only one has it')

/** What an endpoint is sent. */
export const eventsFlag = Flags.custom<string[]>({
  description: 'what it is sent: event types, service.* or *, separated by commas',
  helpValue: 'TYPE,…',
  env: 'VETRAI_EVENTS',
  parse: async (text) => text.split(',').map((one) => one.trim()),
})

export const descriptionFlag = Flags.string({ description: 'what it is for', env: 'VETRAI_DESCRIPTION' })

export const signingFlag = Flags.custom<string[]>({
  description: 'how messages are signed: v1 (shared secret), v1a (ed25519) or v1,v1a',
  helpValue: 'SCHEME,…',
  env: 'VETRAI_SIGNING',
  parse: async (text) => text.split(',').map((one) => one.trim()),
})

/** Headers often hold credentials: they never travel in arguments, where other processes can read them. */
export const headersStdinFlag = Flags.boolean({
  description: 'read custom headers from standard input, one "name: value" a line',
  env: 'VETRAI_HEADERS_STDIN',
})

/** Custom headers from standard input; nothing where they were not asked for. */
export async function readHeaders(asked: boolean): Promise<Record<string, string> | undefined> {
  if (!asked) return undefined
  const lines = (await readAll(process.stdin)).split(/\r?\n/).filter((line) => line.trim() !== '')
  return Object.fromEntries(lines.map(readHeader))
}

function readHeader(line: string): [name: string, value: string] {
  const [, name, value] = /^([^:\s]+):\s*(.*?)\s*$/.exec(line) ?? []
  if (name && value) return [name, value]
  throw usageError('Standard input holds a line that is no header.', 'Write one "name: value" a line.')
}
