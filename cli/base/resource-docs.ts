import type { JsonDoc } from './json-doc.js'

export const tenantDoc: JsonDoc = {
  id: 'id of the tenant (UUID)',
  slug: 'short name, unique in the deployment',
  name: 'display name',
  status: 'active, suspended or deleting',
  plan: 'plan of the tenant',
}

export const keyDoc: JsonDoc = {
  id: 'id of the key (UUID)',
  name: 'its name',
  state: 'active, retiring, disabled, expired or revoked',
  environment: 'live or test',
  start: 'first characters of the key',
  scopes: { '[]': 'what it may do' },
  expires_at: 'when it stops working; null for never',
  last_used_at: 'when it was last used, or null',
}

export const createdKeyDoc: JsonDoc = { ...keyDoc, key: 'the secret; it is shown this once' }

export const userDoc: JsonDoc = {
  id: 'id of the person (UUID)',
  email: 'e-mail they sign in with',
  name: 'display name, or null',
  status: 'active or disabled',
  role: 'role in the tenant asked for, or null',
  installation_role: 'super_admin, support_agent or null',
}

export const sessionDoc: JsonDoc = { id: 'id of the session (UUID)', created_at: 'when they signed in' }

export const auditDoc: JsonDoc = {
  id: 'id of the entry (UUID)',
  action: 'what happened, such as key.revoked',
}

export const suppressionDoc: JsonDoc = {
  id: 'id of the suppression (UUID)',
  channel: 'email, sms or push',
  masked: 'enough of the address to recognise it by',
  reason: 'hard_bounce, complaint, gone, invalid or manual',
  source: 'what told: a provider, user:<id> or key:<id>',
  since: 'when it was put on the list',
}

export const jobDoc: JsonDoc = {
  id: 'id of the job (UUID)',
  kind: 'what kind of job it is',
  queue: 'the queue it is counted in',
  status: 'scheduled, queued, running, waiting, succeeded, failed or cancelled',
  attempt: 'how often it was begun',
  attempts: 'how often it is begun at most',
  run_at: 'when it may begin',
  result: 'what it answered, or null',
  error: 'why the newest attempt failed, or null',
}

export const enqueuedJobDoc: JsonDoc = {
  id: 'id of the job (UUID)',
  kind: 'what kind of job it is',
  status: 'scheduled or queued; else that of the job with the same unique key',
  run_at: 'when it may begin',
  is_new: 'false where a job with the same unique key was there already',
}

export const deadLetterDoc: JsonDoc = {
  id: 'id of the dead letter (UUID)',
  job_id: 'the job that failed (UUID)',
  kind: 'its kind',
  reason: 'attempts, gave_up, lost, child_failed or bad_payload',
  error: 'what went wrong, or null',
  redriven_at: 'when it was run again, or null',
}

export const queueDoc: JsonDoc = {
  name: 'name of the queue',
  paused: 'true while nothing of it begins',
  counts: 'unsettled jobs by status',
  oldest_waiting_s: 'seconds the job that waits longest could have begun; null where none waits',
}
