import type { Command } from '@oclif/core/command'
import { Help } from '@oclif/core/help'
import { EXIT_CODES } from './exit-codes.js'
import type { JsonDoc } from './json-doc.js'
import { jsonDocLines } from './json-doc-lines.js'

/** The help of oclif, with the exit codes at the root and the `--json` result at each command. */
// oclif finds the help class by its default export.
export default class VetraiHelp extends Help {
  override formatRoot(): string {
    const codes = EXIT_CODES.map(({ code, meaning }) => `${code}  ${meaning}`).join('\n')
    return `${super.formatRoot()}\n\n${this.section('EXIT CODES', codes)}`
  }

  override formatCommand(command: Command.Loadable): string {
    const doc = command.jsonDoc as JsonDoc | undefined
    const text = super.formatCommand(command)
    if (doc === undefined) return text
    return `${text.trimEnd()}\n\n${this.section('JSON', jsonDocLines(doc).join('\n'))}\n`
  }
}
