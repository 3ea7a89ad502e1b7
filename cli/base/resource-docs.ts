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

export const scheduleDoc: JsonDoc = {
  id: 'id of the schedule (UUID)',
  name: 'its name',
  kind: 'kind of job it makes',
  payload: 'what each job is given',
  cron: 'pattern it goes by; null where it goes by every_s',
  every_s: 'seconds from one firing to the next, or null',
  time_zone: 'IANA time zone of the pattern',
  description: 'when it fires, in words',
  catch_up: 'what is made up for after a failure: none, last or all',
  overlap: 'allow or skip firings while the job before is not settled',
  state: 'active, paused or ended',
  next_at: 'when it fires next, or null',
  last_at: 'the last firing that made a job, or null',
  last_job_id: 'that job, or null',
  missed: 'firings so far that made no job',
  last_error: 'why the last firing made no job, or null',
}

export const scheduleRunsDoc: JsonDoc = {
  description: 'when it fires, in words',
  time_zone: 'IANA time zone of the pattern',
  runs: { '[]': { at: 'when, in UTC', local: 'the same by the clock of the zone' } },
  clock_changes: {
    '[]': {
      at: 'when clocks are set',
      effect: 'moved, once, skipped or repeated',
      note: 'what happens then',
    },
  },
}

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

export const maintenanceDoc: JsonDoc = {
  on: 'true while requests are refused and no background work begins',
  message: 'what callers are told; null in normal times',
  retry_after_s: 'seconds after which they are told to try again; null in normal times',
  since: 'since when; null in normal times',
  settled: 'true once no request that could write is under way any more, in any process',
  running_jobs: 'jobs that run; during a maintenance none begins',
}

export const templateDoc: JsonDoc = {
  key: 'name of the template',
  origin: 'shipped, or own',
  name: 'its name',
  category: 'what people can switch off as one',
  critical: 'true when it cannot be switched off',
  customizable: 'false where the words are the installation’s alone',
  channels: { '[]': 'channel it has words for' },
  locales: { '[]': 'locale it has words in' },
  published_version: 'version that is sent; null for as shipped, or not yet',
  has_draft: 'true when there are words that are not published',
}

export const templateDetailDoc: JsonDoc = {
  ...templateDoc,
  variables: 'variables by name: kind, about, optional, example',
  draft: 'words that are not published, by locale; or null',
  shipped: 'words as shipped, by locale; null for a template of your own',
}

export const templateVersionDoc: JsonDoc = {
  id: 'id of the version (UUID)',
  version: 'its number',
  is_published: 'true when it is the one that is sent',
  locales: { '[]': 'locale it has words in' },
  note: 'what changed, or null',
  published_by: 'kind and id of who published it',
  created_at: 'when it was published',
}
