import type { Ctx } from '../../../kernel/context.js'
import { NO_PREFERENCES, type Preferences, type Switchboard } from '../rules/preferences.js'

/** The id under which an organisation's own preferences are kept. */
export const ORGANISATION = '00000000-0000-0000-0000-000000000000'

/** Preferences by recipient; `of` answers those of somebody who chose nothing too. */
export interface PreferenceBook {
  of(recipientId: string): Preferences
  /** What the operator switched off for every organisation. */
  policy: Switchboard
}

/** What these recipients, the organisation under `ORGANISATION` and the operator chose, in one statement. */
export async function readPreferences(ctx: Ctx, recipientIds: readonly string[]): Promise<PreferenceBook> {
  const rows = await ctx.db.query<{ recipient_id: string | null; document: Partial<Preferences> }>({
    name: 'preferences-read',
    text: `select recipient_id, document from notification_preferences
           where tenant_id = $1 and recipient_id = any($2::uuid[])
           union all select null, document from notification_policy`,
    values: [ctx.tenant.id, recipientIds],
  })
  const known = new Map(rows.map((row) => [row.recipient_id, row.document]))
  return {
    of: (recipientId) => ({ ...NO_PREFERENCES, ...known.get(recipientId) }),
    policy: { ...NO_POLICY, ...known.get(null) },
  }
}

const NO_POLICY: Switchboard = { channels: {}, categories: {} }

/** Keeps what a recipient, or the organisation, chose, in place of what was chosen before. */
export async function storePreferences(ctx: Ctx, recipientId: string, document: Preferences): Promise<void> {
  await ctx.db.execute({
    name: 'preferences-store',
    text: `insert into notification_preferences (tenant_id, recipient_id, document) values ($1, $2, $3)
           on conflict (tenant_id, recipient_id) do update set document = excluded.document`,
    values: [ctx.tenant.id, recipientId, JSON.stringify(document)],
  })
}

/** Has others who change these preferences wait until the transaction ends, so that no change is lost. */
export async function lockPreferences(ctx: Ctx, recipientId: string): Promise<void> {
  await ctx.db.query({
    name: 'preferences-lock',
    text: "select pg_advisory_xact_lock(hashtextextended('preferences of ' || $1 || ' ' || $2, 0))",
    values: [ctx.tenant.id, recipientId],
  })
}

/** Forgets what somebody chose. */
export async function deletePreferences(ctx: Ctx, recipientId: string): Promise<void> {
  await ctx.db.execute({
    text: 'delete from notification_preferences where tenant_id = $1 and recipient_id = $2',
    values: [ctx.tenant.id, recipientId],
  })
}

/** What the operator switched off for every organisation. */
export async function readPolicy(ctx: Ctx): Promise<Switchboard> {
  const [row] = await ctx.db.query<{ document: Partial<Switchboard> }>({
    name: 'notification-policy-read',
    text: 'select document from notification_policy',
  })
  return { ...NO_POLICY, ...row?.document }
}

/** Keeps what the operator switches off. Needs a system transaction. */
export async function storePolicy(ctx: Ctx, document: Switchboard): Promise<void> {
  await ctx.db.execute({
    text: `insert into notification_policy (document) values ($1)
           on conflict (is_only) do update set document = excluded.document`,
    values: [JSON.stringify(document)],
  })
}

/** Tenants that keep an inbox, preferences or browsers of somebody. Needs a system transaction. */
export async function tenantsKnowing(ctx: Ctx, recipientId: string): Promise<string[]> {
  const rows = await ctx.db.query<{ tenant_id: string }>({
    text: `select tenant_id from notification_inboxes where recipient_id = $1
           union select tenant_id from notification_preferences where recipient_id = $1
           union select tenant_id from notification_push_subscriptions where recipient_id = $1`,
    values: [recipientId],
  })
  return rows.map((row) => row.tenant_id)
}
