import { sqlMigration } from './helpers/migration.js'
import { tenantTable } from './helpers/tables.js'

/**
 * Tenants' own words for messages. A row of notification_templates is either about a message that is shipped (then only
 * its words are the tenant's) or a message of the tenant's own, which has a name, a category and variables.
 */
export default sqlMigration(
  "tenants' notification templates, their versions and words; the look of their messages",
  ...tenantTable(
    'notification_templates',
    {
      key: "text not null check (key ~ '^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$' and length(key) between 2 and 64)",
      name: 'text',
      description: 'text',
      category: 'text',
      critical: 'boolean',
      // Of a message of the tenant's own, as the draft has them; null for one that is shipped.
      variables: 'jsonb',
      // Locale → words by channel; null while there is nothing that is not published.
      draft: 'jsonb',
      draft_at: 'timestamptz(3)',
      draft_by: 'text',
      // The version that is sent; null: as shipped, or not at all.
      published_version: 'integer',
      last_version: 'integer not null default 0',
    },
    {
      primaryKey: 'key',
      constraints: [
        'check (num_nulls(name, category, critical, variables) in (0, 4))',
        'check ((draft is null) = (draft_at is null) and (draft is null) = (draft_by is null))',
      ],
    },
  ),

  // What was published once never changes: vetrai_app may only add, and the words of a version go with it.
  ...tenantTable(
    'notification_template_versions',
    {
      template_key: 'text not null',
      version: 'integer not null check (version > 0)',
      category: 'text',
      critical: 'boolean',
      variables: 'jsonb',
      note: 'text',
      published_by: 'text not null',
    },
    {
      unique: ['template_key, version'],
      constraints: [
        'foreign key (tenant_id, template_key) references notification_templates (tenant_id, key) on delete cascade',
      ],
      app: ['select', 'insert'],
    },
  ),
  ...tenantTable(
    'notification_template_texts',
    {
      version_id: 'uuid not null',
      locale: 'text not null',
      // As they were written, and as they are filled in: sending compiles nothing.
      words: 'jsonb not null',
      compiled: 'jsonb not null',
    },
    {
      primaryKey: 'version_id, locale',
      constraints: [
        `foreign key (tenant_id, version_id)
           references notification_template_versions (tenant_id, id) on delete cascade`,
      ],
      app: ['select', 'insert'],
    },
  ),

  ...tenantTable('notification_themes', {
    product_name: 'text',
    logo_url: "text check (logo_url like 'https://%')",
    brand_color: "text check (brand_color ~ '^#[0-9a-f]{6}$')",
    page_color: "text check (page_color ~ '^#[0-9a-f]{6}$')",
    footer_address: 'text',
    default_locale: 'text',
    time_zone: 'text',
  }),
  // One for each tenant.
  'create unique index notification_themes_tenant on notification_themes (tenant_id)',
)
