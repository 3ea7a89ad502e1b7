import { Command } from '@oclif/core/command'
import type { Input, ParserOutput } from '@oclif/core/interfaces'
import type { Progress } from '../runtimes/runtime.js'
import { createPaint, type Paint } from '../views/paint.js'
import type { View } from '../views/view.js'
import { globalFlags } from './flags.js'
import type { JsonDoc } from './json-doc.js'
import { isInteractive, paintFor, wantsJson, writeResult, writeTalk } from './output.js'
import { createProgress, silentProgress } from './progress.js'

/** What oclif calls flag and argument output; it exports no name for it. */
type Values = Record<string, unknown>

/** What every command shares: the global flags, one way to show a result and one to talk. */
export abstract class BaseCommand extends Command {
  static override baseFlags = globalFlags
  /** The documented shape of the `--json` result. */
  static jsonDoc: JsonDoc

  /** The global flags as given; defaults until `parse` has run. */
  protected globals: { dir?: string | undefined; quiet: boolean; yes: boolean } = { quiet: false, yes: false }

  protected override async parse<F extends Values, B extends Values, A extends Values>(
    options?: Input<F, B, A>,
    argv?: string[],
  ): Promise<ParserOutput<F, B, A>> {
    const parsed = await super.parse(options, argv)
    const { dir, quiet, yes } = parsed.flags as { dir?: unknown; quiet?: unknown; yes?: unknown }
    this.globals = {
      dir: typeof dir === 'string' ? dir : undefined,
      quiet: quiet === true,
      yes: yes === true,
    }
    return parsed
  }

  /** Shows a result: the view's text on standard output, or with `--json` the result itself. */
  protected show<T>(result: T, view: View<T>): T {
    if (!this.jsonEnabled()) writeResult(view(result, this.paint))
    return result
  }

  /** Says something that is not the result: on standard error, nothing with `--quiet`. */
  protected say(text: string): void {
    if (!this.globals.quiet && !this.jsonEnabled()) writeTalk(text)
  }

  protected get paint(): Paint {
    return this.jsonEnabled() ? createPaint(false) : paintFor(process.stdout, this.argv)
  }

  /** Where long work reports its steps: standard error, silent where nobody would read it. */
  protected get progress(): Progress {
    const silent = this.globals.quiet || (this.jsonEnabled() && process.stderr.isTTY !== true)
    return silent ? silentProgress : createProgress(process.stderr, paintFor(process.stderr, this.argv))
  }

  /** True where a question may be asked: a terminal, and neither `--yes` nor `--json`. */
  protected get mayAsk(): boolean {
    return isInteractive() && !this.globals.yes && !this.jsonEnabled()
  }

  override jsonEnabled(): boolean {
    return wantsJson(this.argv)
  }

  protected override logJson(json: unknown): void {
    writeResult(JSON.stringify(json, null, 2))
  }

  /** Errors are shown in one place, after the command: see `main`. */
  protected override async catch(error: Error): Promise<never> {
    throw error
  }
}
