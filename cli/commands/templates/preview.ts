import * as Flags from '@oclif/core/flags'
import { requiredArg, tenantFlag } from '../../base/flags.js'
import { renderingFlags, renderingOf } from '../../base/rendering-flags.js'
import { TenantCommand } from '../../base/tenant-command.js'
import type { TemplatePreview } from '../../clients/resources.js'
import { openInBrowser } from '../../operations/open-in-browser.js'
import { previewTemplate, writePreview } from '../../operations/templates.js'
import { previewView } from '../../views/template-views.js'

type Preview = TemplatePreview & { file?: string }

export default class TemplatesPreview extends TenantCommand {
  static override summary = 'show what a notification template makes of data'
  static override description =
    'On every channel that has words; examples stand for data that is left out. Nothing is sent. With --open the mail is written to a file, and shown in the browser where there is one.'
  static override args = { template: requiredArg('key of the template') }
  static override flags = {
    tenant: tenantFlag,
    ...renderingFlags,
    open: Flags.boolean({ description: 'write the mail to a file and open it', env: 'VETRAI_OPEN' }),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> invoice --tenant acme --locale de',
    `<%= config.bin %> <%= command.id %> announcement --tenant acme --data '{"title":"Hello"}' --open`,
  ]
  static override jsonDoc = {
    source: 'draft, published or shipped',
    email: 'subject, html, text and locale; or null',
    in_app: 'title, body, action_url and locale; or null',
    sms: 'text, encoding, segments and locale; or null',
    push: 'title, body, url and locale; or null',
  }

  async run(): Promise<Preview> {
    const { args, flags } = await this.parse(TemplatesPreview)
    const api = await this.tenantApi(flags.tenant)
    const preview = await previewTemplate(api, args.template, await renderingOf(flags))
    if (!flags.open || !preview.email) return this.show(preview, previewView)
    const file = await writePreview(args.template, preview.email.html)
    if (this.mayAsk) await openInBrowser(`file://${file}`)
    return this.show({ ...preview, file }, previewView)
  }
}
