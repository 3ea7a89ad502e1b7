import type {
  Template,
  TemplateDetail,
  TemplatePreview,
  TemplateTest,
  TemplateVersion,
} from '../clients/resources.js'
import { doneView } from './done-view.js'
import { fields } from './fields.js'
import { time } from './format.js'
import { pageView } from './page-view.js'
import { table } from './table.js'
import type { View } from './view.js'

/** Templates as a table. */
export const templatesView = pageView<Template>(
  [
    { heading: 'KEY', cell: ({ key }) => key },
    { heading: 'CATEGORY', cell: ({ category }) => category },
    { heading: 'CHANNELS', cell: ({ channels }) => channels.join(',') },
    { heading: 'SENT', cell: sentWords },
    { heading: 'DRAFT', cell: ({ has_draft }) => (has_draft ? 'yes' : '') },
  ],
  'No template is like that.',
)

/** One template, with its variables. */
export const templateView: View<TemplateDetail> = (template, paint) => {
  const head = fields(
    [
      ['key', paint.bold(template.key)],
      ['name', template.name],
      ['what it does', template.description],
      ['category', template.category + (template.critical ? ' (cannot be switched off)' : '')],
      ['channels', template.channels.join(', ')],
      ['locales', template.locales.join(', ')],
      ['sent', sentWords(template)],
      ['draft', template.draft_at ? `changed ${time(template.draft_at)}` : null],
      ['changeable', template.customizable ? null : 'no: the words are the installation’s'],
    ],
    paint,
  )
  const variables = Object.entries(template.variables)
  if (variables.length === 0) return head
  const rows = table(
    variables,
    [
      { heading: 'VARIABLE', cell: ([name]) => name },
      { heading: 'KIND', cell: ([, { kind, optional }]) => kind + (optional ? ', optional' : '') },
      { heading: 'ABOUT', cell: ([, { about }]) => about },
    ],
    paint,
  )
  return `${head}\n\n${rows}`
}

/** What a template makes of data, channel by channel; where the mail was written to, when it was. */
export const previewView: View<TemplatePreview & { file?: string }> = (preview, paint) => {
  const { email, in_app: inApp, sms, push, file } = preview
  const parts = [
    email && `${paint.bold(email.subject)}\n\n${email.text.trim()}`,
    inApp && `${paint.bold(inApp.title)}\n${inApp.body}${inApp.action_url ? `\n${inApp.action_url}` : ''}`,
    sms?.text,
    push && `${paint.bold(push.title)}\n${push.body}${push.url ? `\n${push.url}` : ''}`,
  ]
  const heads = [
    email && `e-mail, ${email.locale}`,
    inApp && `in the app, ${inApp.locale}`,
    sms && `text message, ${sms.locale}, ${sms.segments} × ${sms.encoding}`,
    push && `push, ${push.locale}`,
  ]
  const shown = parts.flatMap((part, index) => (part ? [`${paint.dim(`── ${heads[index]}`)}\n${part}`] : []))
  return [...shown, ...(file ? [paint.dim(`The mail is in ${file}`)] : [])].join('\n\n')
}

/** Versions as a table. */
export const versionsView = pageView<TemplateVersion>(
  [
    { heading: 'VERSION', cell: ({ version }) => String(version), align: 'right' },
    { heading: 'SENT', cell: ({ is_published }) => (is_published ? 'yes' : '') },
    { heading: 'LOCALES', cell: ({ locales }) => locales.join(',') },
    { heading: 'PUBLISHED', cell: ({ created_at }) => time(created_at) },
    { heading: 'BY', cell: ({ published_by }) => published_by },
    { heading: 'NOTE', cell: ({ note }) => note ?? '' },
  ],
  'Nothing was published. Publish the draft: vetrai templates publish',
)

/** That a version is sent from now on. */
export const publishedView = doneView<TemplateVersion>(
  ({ version }) => `Version ${version} is sent from now on.`,
)

/** That words changed, and what is to be done for them to be sent. */
export const draftedView = doneView<TemplateDetail>(
  ({ key }) => `The draft of ${key} changed. It is sent after \`vetrai templates publish ${key}\`.`,
)

/** Where a test mail went. */
export const testedView = doneView<TemplateTest>(({ to, subject }) => `Sent "${subject}" to ${to}.`)

/** That a template is as it was. */
export const resetView = doneView<{ key: string }>(
  ({ key }) => `${key} is sent as shipped, or is gone where it was your own.`,
)

function sentWords({ origin, published_version: version }: Template): string {
  if (version !== null) return `version ${version}`
  return origin === 'shipped' ? 'as shipped' : 'not yet'
}
