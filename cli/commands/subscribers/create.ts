import * as Flags from '@oclif/core/flags'
import { requiredArg, tenantFlag } from '../../base/flags.js'
import { given } from '../../base/given.js'
import { subscriberDoc } from '../../base/notification-docs.js'
import { TenantCommand } from '../../base/tenant-command.js'
import type { Subscriber } from '../../clients/notification-resources.js'
import { putSubscriber } from '../../operations/notifications.js'
import { subscriberView } from '../../views/notification-views.js'

const text = (description: string, env: string, helpValue: string) =>
  Flags.string({ description, env, helpValue })

export default class SubscribersCreate extends TenantCommand {
  static override summary = 'make a subscriber, or change one'
  static override description = 'One that exists gets what is given and keeps the rest.'
  static override args = { id: requiredArg("the tenant's own id of the end user") }
  static override flags = {
    tenant: tenantFlag,
    name: text('name', 'VETRAI_NAME', 'NAME'),
    email: text('e-mail address', 'VETRAI_EMAIL', 'ADDRESS'),
    phone: text('phone number with country code', 'VETRAI_PHONE', 'NUMBER'),
    locale: text('language of messages, such as de-CH', 'VETRAI_LOCALE', 'TAG'),
    'time-zone': text('IANA time zone, for quiet hours', 'VETRAI_TIME_ZONE', 'ZONE'),
  }
  static override examples = [
    '<%= config.bin %> <%= command.id %> customer-42 --tenant acme --email ada@example.com --name Ada',
    '<%= config.bin %> <%= command.id %> customer-42 --tenant acme --phone +4915123456789 --time-zone Europe/Berlin --json',
  ]
  static override jsonDoc = subscriberDoc

  async run(): Promise<Subscriber> {
    const { args, flags } = await this.parse(SubscribersCreate)
    const { name, email, phone, locale } = flags
    const facts = given({ name, email, phone, locale, time_zone: flags['time-zone'] })
    const api = await this.tenantApi(flags.tenant)
    return this.show(await putSubscriber(api, { external_id: args.id, ...facts }), subscriberView)
  }
}
