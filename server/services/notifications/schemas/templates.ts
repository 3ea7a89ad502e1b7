import { z } from 'zod'
import { id, jsonObject, page, shortText, timestamp } from '../../../kernel/schema.js'
import { isFreeName } from '../../../messages/common-variables.js'
import { localeTag, messageWords, WORDED_CHANNELS } from '../../../messages/message-words.js'

const LOCALES_MAX = 20
const DRAFT_BYTES_MAX = 600_000

export const templateKey = z
  .string()
  .min(2)
  .max(64)
  .regex(/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/, 'lower-case letters, digits and inner hyphens only')
  .meta({ description: 'Name of the template, as senders give it.', examples: ['order-shipped'] })

export const templateParams = z.strictObject({ templateKey })
export const versionParams = z.strictObject({
  templateKey,
  versionId: z
    .union([id('version'), z.string().regex(/^[1-9]\d{0,8}$/, 'must be a number or an id')])
    .describe('Number of the version, or its id.'),
})

const variableName = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,39}$/, 'a lower-case letter, then lower-case letters, digits and _')
  .refine(isFreeName, 'is the name of something the layout shows')

const described = {
  about: shortText({ max: 200, min: 0 }).default('').describe('What it is, for who writes the words.'),
  optional: z.boolean().optional().describe('May be missing; a section tells whether it is there.'),
}
const shortExample = shortText({ max: 200 })
const amount = z.strictObject({ amount: z.int(), currency: z.string().regex(/^[A-Z]{3}$/) })

const scalarVariable = z.discriminatedUnion('kind', [
  z.strictObject({
    ...described,
    kind: z.literal('url'),
    example: z.url({ protocol: /^https?$/ }).max(2048),
  }),
  z.strictObject({ ...described, kind: z.enum(['name', 'plain']), example: shortExample }),
  z.strictObject({ ...described, kind: z.literal('text'), example: z.string().min(1).max(2000) }),
  z.strictObject({ ...described, kind: z.literal('time'), example: z.iso.datetime({ offset: true }) }),
  z.strictObject({ ...described, kind: z.literal('date'), example: z.iso.date() }),
  z.strictObject({ ...described, kind: z.enum(['number', 'duration']), example: z.number() }),
  z.strictObject({ ...described, kind: z.literal('money'), example: amount }),
  z.strictObject({ ...described, kind: z.literal('flag'), example: z.boolean() }),
  z.strictObject({
    ...described,
    kind: z.literal('choice'),
    options: z
      .array(shortText({ max: 60 }))
      .min(1)
      .max(20),
    example: shortText({ max: 60 }),
  }),
])

const listVariable = z.strictObject({
  ...described,
  kind: z.literal('list'),
  fields: z.record(variableName, scalarVariable).describe('What each item has.'),
  example: z.array(jsonObject({ maxBytes: 4000 })).max(20),
})

const variables = z
  .record(variableName, z.union([scalarVariable, listVariable]))
  .refine((all) => Object.keys(all).length <= 50, 'at most 50 variables')
  .meta({ id: 'MessageVariables', examples: [{}] })

const content = z
  .record(localeTag, messageWords)
  .refine((all) => Object.keys(all).length <= LOCALES_MAX, `at most ${LOCALES_MAX} locales`)
  .refine((all) => Buffer.byteLength(JSON.stringify(all)) <= DRAFT_BYTES_MAX, 'is too long as a whole')

/** A draft as it must be after a patch. */
export const draftContent = content

const ownFields = {
  name: shortText({ max: 120 }),
  description: shortText({ max: 500 }).nullable(),
  category: z
    .string()
    .min(2)
    .max(64)
    .regex(/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/, 'lower-case letters, digits and inner hyphens only')
    .describe('What people can switch off as one, e.g. `product`.'),
  critical: z.boolean().describe('Cannot be switched off.'),
  variables,
}

export const createTemplateBody = z.strictObject({
  key: templateKey,
  ...ownFields,
  description: ownFields.description.default(null),
  category: ownFields.category.default('product'),
  critical: ownFields.critical.default(false),
  variables: ownFields.variables.default({}),
  content: content.optional().describe('Words of the draft, by locale.'),
})
export type CreateTemplateInput = z.infer<typeof createTemplateBody>

export const updateTemplateBody = z.strictObject({
  ...z.strictObject(ownFields).partial().shape,
  content: z
    .record(localeTag, jsonObject({ maxBytes: DRAFT_BYTES_MAX }).nullable())
    .optional()
    .describe(
      'JSON merge patch (RFC 7396) of the words by locale: null removes a locale, a channel or a field. A locale without a draft begins with the words that are sent now.',
    ),
})
export type UpdateTemplateInput = z.infer<typeof updateTemplateBody>

export const listTemplatesQuery = z.strictObject({
  ...page,
  origin: z.enum(['shipped', 'own']).optional().describe('Messages of this server, or of the tenant itself.'),
  category: ownFields.category.optional(),
})
export type ListTemplatesQuery = z.infer<typeof listTemplatesQuery>

export const listVersionsQuery = z.strictObject(page)

export const publishBody = z.strictObject({
  note: shortText({ max: 200 }).nullable().default(null).describe('What changed, for the list of versions.'),
})
export const rollbackBody = z.strictObject({ version: z.int().min(1).describe('The version to send again.') })

const source = z
  .enum(['draft', 'published', 'shipped'])
  .optional()
  .describe('Which words; the draft where there is one, else what is sent now.')

export const previewBody = z.strictObject({
  data: jsonObject({ maxBytes: 65_536 })
    .default({})
    .describe('Values of variables; examples stand for those left out.'),
  locale: localeTag.nullable().default(null),
  time_zone: z
    .string()
    .min(1)
    .max(64)
    .nullable()
    .default(null)
    .describe('IANA time zone that times are shown in.'),
  source,
})
export type PreviewInput = z.infer<typeof previewBody>

const channel = z.enum(WORDED_CHANNELS)

const variableView = z
  .strictObject({
    kind: z.string(),
    about: z.string(),
    optional: z.boolean(),
    example: z.unknown(),
    options: z.array(z.string()).optional(),
    fields: z
      .record(z.string(), z.unknown())
      .optional()
      .describe('Of a list: what each item has, as variables.'),
  })
  .meta({ id: 'MessageVariable' })

export const templateView = z
  .strictObject({
    key: z.string(),
    origin: z.enum(['shipped', 'own']),
    name: z.string(),
    description: z.string().nullable(),
    category: z.string(),
    critical: z.boolean(),
    customizable: z.boolean().describe('False where the words are the installation’s alone.'),
    channels: z.array(channel),
    locales: z.array(z.string()),
    published_version: z.int().nullable().describe('null: as shipped, or not sendable yet.'),
    has_draft: z.boolean(),
    draft_at: timestamp.nullable(),
    draft_by: z.string().nullable(),
    updated_at: timestamp.nullable().describe('null where the tenant never changed it.'),
  })
  .meta({ id: 'NotificationTemplate' })

export const templateDetailView = z
  .strictObject({
    ...templateView.shape,
    variables: z.record(z.string(), variableView),
    draft: z.record(z.string(), messageWords).nullable().describe('Words that are not published, by locale.'),
    shipped: z.record(z.string(), messageWords).nullable().describe('Words as shipped, by locale.'),
  })
  .meta({ id: 'NotificationTemplateDetail' })

export const versionView = z
  .strictObject({
    id: z.uuid(),
    version: z.int(),
    is_published: z.boolean(),
    locales: z.array(z.string()),
    note: z.string().nullable(),
    published_by: z.string().describe('Kind and id of who published it.'),
    created_at: timestamp,
  })
  .meta({ id: 'NotificationTemplateVersion' })

export const versionDetailView = z
  .strictObject({ ...versionView.shape, content: z.record(z.string(), messageWords) })
  .meta({ id: 'NotificationTemplateVersionDetail' })

export const previewView = z
  .strictObject({
    source: z.enum(['draft', 'published', 'shipped']),
    email: z
      .strictObject({ subject: z.string(), html: z.string(), text: z.string(), locale: z.string() })
      .nullable(),
    in_app: z
      .strictObject({
        title: z.string(),
        body: z.string(),
        action_url: z.string().nullable(),
        locale: z.string(),
      })
      .nullable(),
    sms: z
      .strictObject({
        text: z.string(),
        encoding: z.enum(['gsm7', 'ucs2']),
        segments: z.int(),
        locale: z.string(),
      })
      .nullable(),
    push: z
      .strictObject({ title: z.string(), body: z.string(), url: z.string().nullable(), locale: z.string() })
      .nullable(),
  })
  .meta({ id: 'NotificationPreview' })

export const testedView = z.strictObject({
  to: z.string().describe('Where the mail went: the caller’s own address.'),
  subject: z.string(),
  locale: z.string(),
})

const colour = z
  .string()
  .toLowerCase()
  .regex(/^#[0-9a-f]{6}$/, 'must be a colour such as #0a7cff')
  .meta({ examples: ['#0a7cff'] })

const themeFields = {
  product_name: shortText({ max: 64 }).nullable().describe('`{{app_name}}` in every message.'),
  logo_url: z
    .url({ protocol: /^https$/ })
    .max(2048)
    .nullable()
    .describe('Shown 32 pixels high instead of the name.'),
  brand_color: colour.nullable().describe('Of buttons and links; the text on it is chosen to be readable.'),
  page_color: colour.nullable().describe('Behind the card.'),
  footer_address: shortText({ max: 300 }).nullable().describe('Postal address at the foot of every mail.'),
  default_locale: localeTag.nullable().describe('Of recipients who have none.'),
  time_zone: z.string().min(1).max(64).nullable().describe('IANA time zone of recipients who have none.'),
}
export const themeView = z.strictObject(themeFields).meta({ id: 'NotificationTheme' })
export const putThemeBody = z.strictObject({
  product_name: themeFields.product_name.default(null),
  logo_url: themeFields.logo_url.default(null),
  brand_color: themeFields.brand_color.default(null),
  page_color: themeFields.page_color.default(null),
  footer_address: themeFields.footer_address.default(null),
  default_locale: themeFields.default_locale.default(null),
  time_zone: themeFields.time_zone.default(null),
})
export type PutThemeInput = z.infer<typeof putThemeBody>
