import { sqlMigration } from './helpers/migration.js'
import { globalTable, tenantTable } from './helpers/tables.js'

/** Whose inbox, preferences and deliveries: a member of the tenant (a user) or one of its own end users. */
const RECIPIENT = {
  recipient_kind: "text not null check (recipient_kind in ('member', 'subscriber'))",
  recipient_id: 'uuid not null',
}
const CHANNEL = "text not null check (channel in ('in_app', 'email', 'sms', 'push', 'webhook'))"

export default sqlMigration(
  'subscribers, topics, categories, preferences; messages, deliveries, digests and the inbox',
  ...tenantTable(
    'notification_subscribers',
    {
      // The tenant's own name for this end user.
      external_id: 'text not null',
      name: 'text',
      email: 'text',
      phone: 'text',
      locale: 'text',
      time_zone: 'text',
      data: "jsonb not null default '{}'",
      // Tokens made before this moment open nothing.
      tokens_valid_from: 'timestamptz(3)',
    },
    { unique: ['external_id'], indexes: ['email'] },
  ),

  ...tenantTable('notification_topics', { key: 'text not null', name: 'text not null' }, { unique: ['key'] }),
  ...tenantTable(
    'notification_topic_subscribers',
    { topic_id: 'uuid not null', subscriber_id: 'uuid not null' },
    {
      primaryKey: 'topic_id, subscriber_id',
      indexes: ['subscriber_id'],
      constraints: [
        'foreign key (tenant_id, topic_id) references notification_topics (tenant_id, id) on delete cascade',
        'foreign key (tenant_id, subscriber_id) references notification_subscribers (tenant_id, id) on delete cascade',
      ],
    },
  ),

  // What a tenant says of a category; one without a row is as built in.
  ...tenantTable(
    'notification_categories',
    {
      key: 'text not null',
      name: 'text not null',
      description: "text not null default ''",
      critical: 'boolean not null default false',
      consent: "text not null default 'opt_out' check (consent in ('opt_out', 'opt_in'))",
      // Channel → whether it is on for who said nothing.
      channels: "jsonb not null default '{}'",
      throttle: 'jsonb',
      digest: 'jsonb',
    },
    { primaryKey: 'key' },
  ),

  // What each recipient chose; the recipient made of zeros is the organisation, whose "off" is final.
  ...tenantTable(
    'notification_preferences',
    { recipient_id: 'uuid not null', document: 'jsonb not null' },
    { primaryKey: 'recipient_id' },
  ),
  // The same of the whole installation: at most one row.
  ...globalTable(
    'notification_policy',
    { is_only: 'boolean not null default true check (is_only)', document: 'jsonb not null' },
    { primaryKey: 'is_only', app: ['select'] },
  ),

  ...tenantTable(
    'notification_push_subscriptions',
    {
      ...RECIPIENT,
      endpoint: 'text not null',
      p256dh: 'text not null',
      auth: 'text not null',
      user_agent: 'text',
    },
    { unique: ['endpoint'], indexes: ['recipient_id'] },
  ),

  ...tenantTable(
    'notification_messages',
    {
      kind: "text not null default 'message' check (kind in ('message', 'digest'))",
      status: `text not null default 'accepted'
        check (status in ('accepted', 'processed', 'cancelled', 'failed'))`,
      transaction_id: 'text',
      template_key: 'text',
      category: 'text',
      // To whom, with what data, through which channels: as it was asked for.
      request: 'jsonb not null',
      send_at: 'timestamptz(3)',
      job_id: 'uuid',
      // How far the fan-out has come, e.g. within a topic.
      progress: 'jsonb',
      recipients: 'integer not null default 0',
      unresolved: "jsonb not null default '[]'",
      error_code: 'text',
      error: 'text',
      processed_at: 'timestamptz(3)',
      created_by: 'text not null',
      request_id: 'text',
    },
    { listed: false },
  ),
  `create unique index notification_messages_transaction on notification_messages (tenant_id, transaction_id)
     where transaction_id is not null`,
  `create index notification_messages_age on notification_messages using brin (created_at)
     with (pages_per_range = 32, autosummarize = on)`,

  ...tenantTable(
    'notification_deliveries',
    {
      message_id: 'uuid not null',
      ...RECIPIENT,
      channel: CHANNEL,
      category: 'text not null',
      template_key: 'text not null',
      status: `text not null check (status in ('pending', 'scheduled', 'waiting', 'digested', 'sending', 'sent',
        'delivered', 'bounced', 'failed', 'skipped', 'cancelled', 'unsubscribed'))`,
      // Place in a chain of fallbacks; null where all channels go out at once.
      step: 'smallint',
      // The rule that decided last, and all that had a say.
      rule: 'text not null',
      rules: "jsonb not null default '[]'",
      run_at: 'timestamptz(3)',
      // The one job that may work on this delivery.
      job_id: 'uuid',
      // The digest that this delivery joined as an item.
      digest_id: 'uuid',
      attempts: 'integer not null default 0',
      provider: 'text',
      provider_message_id: 'text',
      // Masked, as people may see it.
      destination: 'text',
      template_version: 'integer',
      locale: 'text',
      cost_micros: 'bigint',
      cost_currency: 'text',
      error_code: 'text',
      error: 'text',
      sent_at: 'timestamptz(3)',
      settled_at: 'timestamptz(3)',
    },
    {
      listed: false,
      unique: ['message_id, recipient_id, channel'],
      indexes: ['recipient_id, id'],
      constraints: [
        'foreign key (tenant_id, message_id) references notification_messages (tenant_id, id) on delete cascade',
      ],
    },
  ),
  `create index notification_deliveries_digest on notification_deliveries (tenant_id, digest_id)
     where digest_id is not null`,
  `create index notification_deliveries_troubled on notification_deliveries (tenant_id, id)
     where status in ('failed', 'bounced')`,
  ...tenantTable(
    'notification_attempts',
    {
      delivery_id: 'uuid not null',
      attempt: 'integer not null',
      // unknown: the process died after it began; the provider may have taken the message.
      outcome: "text not null check (outcome in ('sending', 'sent', 'failed', 'unknown'))",
      provider: 'text',
      provider_message_id: 'text',
      error_code: 'text',
      error: 'text',
      is_retryable: 'boolean',
      cost_micros: 'bigint',
      cost_currency: 'text',
      finished_at: 'timestamptz(3)',
    },
    {
      primaryKey: 'delivery_id, attempt',
      constraints: [
        'foreign key (tenant_id, delivery_id) references notification_deliveries (tenant_id, id) on delete cascade',
      ],
    },
  ),

  // Messages counted against a throttle; a window opens with its first.
  ...tenantTable(
    'notification_throttles',
    {
      recipient_id: 'uuid not null',
      key: 'text not null',
      window_ends: 'timestamptz(3) not null',
      used: 'integer not null',
    },
    { primaryKey: 'recipient_id, key' },
  ),
  'create index notification_throttles_ended on notification_throttles (window_ends)',

  ...tenantTable(
    'notification_digests',
    {
      ...RECIPIENT,
      channel: CHANNEL,
      digest_key: 'text not null',
      category: 'text not null',
      closes_at: 'timestamptz(3) not null',
      closed_at: 'timestamptz(3)',
    },
    { listed: false },
  ),
  // The one row that decides which digest an item joins.
  `create unique index notification_digests_open on notification_digests
     (tenant_id, recipient_id, channel, digest_key) where closed_at is null`,
  'create index notification_digests_closed on notification_digests (closed_at) where closed_at is not null',

  // Whoever changes an inbox holds its row, so that sequence numbers become visible in their order.
  ...tenantTable(
    'notification_inboxes',
    { recipient_id: 'uuid not null', sequence: 'bigint not null default 0' },
    { primaryKey: 'recipient_id' },
  ),
  ...tenantTable(
    'notification_inbox_items',
    {
      ...RECIPIENT,
      message_id: 'uuid not null',
      delivery_id: 'uuid not null',
      category: 'text not null',
      title: 'text not null',
      body: 'text not null',
      action_url: 'text',
      // Of the last change; a stream goes on after the last it gave out.
      sequence: 'bigint not null',
      seen_at: 'timestamptz(3)',
      read_at: 'timestamptz(3)',
      archived_at: 'timestamptz(3)',
      snoozed_until: 'timestamptz(3)',
    },
    {
      listed: false,
      unique: ['recipient_id, sequence', 'delivery_id'],
      indexes: ['recipient_id, id'],
    },
  ),
  `create index notification_inbox_unread on notification_inbox_items (tenant_id, recipient_id)
     where read_at is null and archived_at is null`,
  `create index notification_inbox_age on notification_inbox_items using brin (created_at)
     with (pages_per_range = 32, autosummarize = on)`,
)
