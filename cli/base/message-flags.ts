import * as Flags from '@oclif/core/flags'
import type { NewMessage } from '../operations/notifications.js'
import { given } from './given.js'
import { jsonFlag, readJsonInput } from './json-input.js'
import { usageError } from './usage-error.js'

const many = (description: string, env: string, helpValue: string) =>
  Flags.string({ description, env, helpValue, multiple: true, multipleNonGreedy: true, delimiter: ',' })

/** Whom and what: the flags of commands that send a message or ask what would be sent. */
export const messageFlags = {
  subscribers: many(
    "subscribers, by the tenant's own ids, separated by commas",
    'VETRAI_SUBSCRIBERS',
    'ID,…',
  ),
  users: many('members by id, separated by commas', 'VETRAI_USERS', 'ID,…'),
  template: Flags.string({
    description: 'key of the template',
    env: 'VETRAI_TEMPLATE',
    helpValue: 'KEY',
    exclusive: ['title'],
  }),
  data: jsonFlag('values for the template', 'VETRAI_DATA'),
  title: Flags.string({
    description: 'title of a message without a template',
    env: 'VETRAI_TITLE',
    helpValue: 'TEXT',
    dependsOn: ['body', 'category'],
  }),
  body: Flags.string({
    description: 'its text',
    env: 'VETRAI_BODY',
    helpValue: 'TEXT',
    dependsOn: ['title'],
  }),
  category: Flags.string({
    description: "what it counts as; the template's without it",
    env: 'VETRAI_CATEGORY',
    helpValue: 'KEY',
  }),
  channels: many('in_app, email, sms, push, webhook, separated by commas', 'VETRAI_CHANNELS', 'CHANNEL,…'),
}

interface MessageFlagValues {
  subscribers?: string[] | undefined
  users?: string[] | undefined
  topics?: string[] | undefined
  template?: string | undefined
  data?: string | undefined
  title?: string | undefined
  body?: string | undefined
  category?: string | undefined
  channels?: string[] | undefined
}

/** The message that the flags speak of. */
export async function messageOf(flags: MessageFlagValues): Promise<NewMessage> {
  const to = [
    ...(flags.subscribers ?? []).map((external_id) => ({ external_id })),
    ...(flags.users ?? []).map((user_id) => ({ user_id })),
    ...(flags.topics ?? []).map((topic) => ({ topic })),
  ]
  if (to.length === 0) throw usageError('The message is for nobody.', 'Add --subscribers or --users.')
  const { template, title, body, category, channels } = flags
  if (template === undefined && (title === undefined || body === undefined))
    throw usageError('The message says nothing.', 'Add --template, or --title, --body and --category.')
  const data = await readJsonInput('data', flags.data)
  const content = title === undefined || body === undefined ? undefined : { title, body }
  return { to, ...given({ template, content, data, category, channels }) }
}
