import type { Command } from '@oclif/core/command'
import type { Manifest, PJSON } from '@oclif/core/interfaces'
import { EXIT_CODES } from '../base/exit-codes.js'
import type { JsonDoc } from '../base/json-doc.js'
import { jsonDocFields } from '../base/json-doc-lines.js'

/** The reference of the whole command line in Markdown; the same manifest gives the same text. */
export function referenceView(manifest: Manifest, pjson: PJSON): string {
  const bin = pjson.oclif.bin ?? pjson.name
  const commands = Object.values(manifest.commands).filter((command) => !command.hidden)
  return [
    '# Command line reference',
    'Generated from the commands by `npm run docs:cli`; do not edit.',
    ['## Commands', commands.map((command) => contentsLine(command, bin)).join('\n')].join('\n\n'),
    ['## Global flags', 'Every command takes these.', flagsTable(globalFlagsOf(commands))].join('\n\n'),
    exitCodes(),
    ...commands.map((command) => section(command, bin)),
  ]
    .join('\n\n')
    .concat('\n')
}

function contentsLine(command: Command.Cached, bin: string): string {
  const name = nameOf(command, bin)
  return `- [\`${name}\`](#${name.replaceAll(' ', '-')}): ${command.summary ?? ''}`
}

function exitCodes(): string {
  const rows = EXIT_CODES.map(({ code, meaning }) => `| ${code} | ${meaning} |`)
  return [
    '## Exit codes',
    ['| code | meaning |', '|---|---|', ...rows].join('\n'),
    'With `--json` a failure is `{ "error": { "code", "message", "next" } }` on standard output, with the same exit code.',
  ].join('\n\n')
}

function section(command: Command.Cached, bin: string): string {
  const own = Object.values(command.flags).filter((flag) => flag.helpGroup !== 'GLOBAL')
  const args = Object.values(command.args)
  return [
    `## ${nameOf(command, bin)}`,
    sentence(command.summary ?? ''),
    (command.description ?? '').trim(),
    fence([usage(command, bin)], 'sh'),
    args.length > 0 &&
      table(
        ['argument', 'meaning'],
        args.map((arg) => [`\`${arg.name.toUpperCase()}\``, arg.description ?? '']),
      ),
    own.length > 0 && flagsTable(own),
    'Examples:',
    fence(
      (command.examples ?? []).map((example) => fill(exampleText(example), command, bin)),
      'sh',
    ),
    ...jsonSection(command.jsonDoc as JsonDoc | undefined),
  ]
    .filter(Boolean)
    .join('\n\n')
}

function jsonSection(doc: JsonDoc | undefined): string[] {
  if (doc === undefined) return []
  const rows = jsonDocFields(doc).map(([path, meaning]) => [`\`${path}\``, meaning])
  return ['With `--json`:', table(['field', 'holds'], rows)]
}

function usage(command: Command.Cached, bin: string): string {
  const args = Object.values(command.args).map((arg) =>
    arg.required ? arg.name.toUpperCase() : `[${arg.name.toUpperCase()}]`,
  )
  return [nameOf(command, bin), ...args, '[flags]'].join(' ')
}

function flagsTable(flags: Command.Flag.Cached[]): string {
  return table(
    ['flag', 'variable', 'meaning'],
    flags.map((flag) => [`\`${flagText(flag)}\``, flag.env ? `\`${flag.env}\`` : '', flagMeaning(flag)]),
  )
}

function flagText(flag: Command.Flag.Cached): string {
  const value = flag.type === 'option' ? ` ${flag.helpValue ?? flag.name.toUpperCase()}` : ''
  return `${flag.char ? `-${flag.char}, ` : ''}--${flag.name}${value}`
}

function flagMeaning(flag: Command.Flag.Cached): string {
  const notes = [
    flag.required && 'required',
    flag.type === 'option' && flag.options && `one of ${flag.options.join(', ')}`,
    flag.type === 'option' && flag.default !== undefined && `default ${String(flag.default)}`,
  ].filter(Boolean)
  return `${flag.description ?? ''}${notes.length > 0 ? ` (${notes.join('; ')})` : ''}`
}

function globalFlagsOf(commands: Command.Cached[]): Command.Flag.Cached[] {
  return Object.values(commands[0]?.flags ?? {}).filter((flag) => flag.helpGroup === 'GLOBAL')
}

function exampleText(example: Command.Example): string {
  return typeof example === 'string' ? example : `# ${example.description}\n${example.command}`
}

function fill(text: string, command: Command.Cached, bin: string): string {
  return text
    .replaceAll('<%= config.bin %>', bin)
    .replaceAll('<%= command.id %>', command.id.replaceAll(':', ' '))
}

function nameOf(command: Command.Cached, bin: string): string {
  return `${bin} ${command.id.replaceAll(':', ' ')}`
}

function sentence(summary: string): string {
  return `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`
}

function fence(lines: string[], language: string): string {
  return ['```', language, '\n', lines.join('\n'), '\n```'].join('')
}

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n')
}
