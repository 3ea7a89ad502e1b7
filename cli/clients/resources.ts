/** An organisation, as `/tenancy/v1/tenants` presents it. */
export interface Tenant {
  id: string
  slug: string
  name: string
  status: string
  plan: string
  created_at?: string
  [field: string]: unknown
}

/** An API key, as `/keys/v1/keys` presents it; never the secret. */
export interface ApiKey {
  id: string
  name: string
  scopes: string[]
  /** active, retiring, disabled, expired or revoked */
  state: string
  environment: string
  /** First characters of the key, to recognise it by. */
  start: string
  expires_at?: string | null
  revoked_at?: string | null
  last_used_at?: string | null
  created_at?: string
  [field: string]: unknown
}

/** A new key with its secret, which is shown this once. */
export interface CreatedKey extends ApiKey {
  key: string
}

/** What `POST /keys/v1/verify` says of a key. */
export interface KeyVerdict {
  valid: boolean
  code: string
  [field: string]: unknown
}

/** Use of one key or of all of a tenant, in buckets of an hour or a day. */
export interface KeyUsage {
  bucket: string
  from: string
  to: string
  totals: { requests: number; verifications: number; valid: number; credits: number }
  data: { start: string; requests: number; verifications: number; credits: number }[]
}

/** A schedule, as `/workers/v1/schedules` presents it. */
export interface Schedule {
  id: string
  name: string
  kind: string
  payload: Record<string, unknown>
  cron: string | null
  every_s: number | null
  time_zone: string
  /** When it fires, in words. */
  description: string
  catch_up: string
  overlap: string
  starts_at: string | null
  ends_at: string | null
  /** active, paused or ended */
  state: string
  next_at: string | null
  last_at: string | null
  last_job_id: string | null
  /** Firings so far that made no job. */
  missed: number
  last_error: string | null
  created_at: string
  [field: string]: unknown
}

/** When a schedule fires next, and what changes of the clocks do to it. */
export interface ScheduleRuns {
  description: string
  time_zone: string
  runs: { at: string; local: string }[]
  clock_changes: { at: string; effect: string; note: string }[]
}

/** The job that a schedule made when it was told to. */
export interface StartedJob {
  job_id: string
  /** False where the job before it is not settled and the schedule skips overlaps. */
  is_new: boolean
}

/** A person, as `/auth/v1/users` presents them. */
export interface User {
  id: string
  email: string
  name: string | null
  status: string
  /** Role in the tenant that was asked about. */
  role: string | null
  installation_role: string | null
  created_at: string
  [field: string]: unknown
}

/** One signed-in session of a person. */
export interface Session {
  id: string
  ip: string
  user_agent: string | null
  created_at: string
  last_used_at: string
  [field: string]: unknown
}

/** One line of the audit log. */
export interface AuditEntry {
  id: string
  sequence: number
  created_at: string
  action: string
  target: string | null
  outcome: string
  actor: { kind: string; id: string | null; impersonator_id: string | null }
  request_id: string
  [field: string]: unknown
}

/** What the verification of a chain of audit entries found. */
export interface ChainVerdict {
  ok: boolean
  checked: number
  broken_at: number | null
}

/** An address that is not written to, as `/notifications/v1/suppressions` presents it. */
export interface Suppression {
  id: string
  channel: string
  /** Enough of the address to recognise it by. */
  masked: string
  reason: string
  source: string
  since: string
  [field: string]: unknown
}

/** A background job, as `/workers/v1/jobs` presents it. */
export interface Job {
  id: string
  kind: string
  queue: string
  /** scheduled, queued, running, waiting, succeeded, failed or cancelled */
  status: string
  attempt: number
  attempts: number
  run_at: string
  started_at: string | null
  finished_at: string | null
  progress: { share: number; words?: string } | null
  result: unknown
  error: string | null
  created_at: string
  [field: string]: unknown
}

/** What `POST /workers/v1/jobs` answers. */
export interface EnqueuedJob {
  id: string
  kind: string
  status: string
  run_at: string | null
  is_new: boolean
}

/** One attempt of a job. */
export interface JobAttempt {
  attempt: number
  outcome: string
  worker: string | null
  started_at: string
  finished_at: string | null
  error: string | null
  next_run_at: string | null
}

/** A job that failed for good. */
export interface DeadLetter {
  id: string
  job_id: string
  kind: string
  queue: string
  reason: string
  error: string | null
  attempts: number
  redriven_at: string | null
  created_at: string
  [field: string]: unknown
}

/** A queue with what waits in it. */
export interface Queue {
  name: string
  kinds: string[]
  paused: boolean
  paused_at: string | null
  pause_reason: string | null
  counts: { scheduled: number; queued: number; running: number; waiting: number }
  oldest_waiting_s: number | null
}

/** Whether the installation rests. */
export interface MaintenanceStatus {
  on: boolean
  message: string | null
  retry_after_s: number | null
  since: string | null
  settled: boolean
  running_jobs: number
}

/** A kind of job that may be enqueued, with the JSON Schema of its payload. */
export interface JobKind {
  kind: string
  queue: string
  summary: string
  attempts: number
  timeout_s: number
  payload_schema: Record<string, unknown>
}

/** A notification template, as `/notifications/v1/templates` lists it. */
export interface Template {
  key: string
  /** shipped or own */
  origin: string
  name: string
  description: string | null
  category: string
  critical: boolean
  /** False where the words are the installation's alone. */
  customizable: boolean
  channels: string[]
  locales: string[]
  /** Null: as shipped, or not sendable yet. */
  published_version: number | null
  has_draft: boolean
  draft_at: string | null
  [field: string]: unknown
}

/** A notification template with its variables and words. */
export interface TemplateDetail extends Template {
  variables: Record<string, { kind: string; about: string; optional: boolean; example: unknown }>
  draft: Record<string, unknown> | null
  shipped: Record<string, unknown> | null
}

/** A version of a notification template. */
export interface TemplateVersion {
  id: string
  version: number
  is_published: boolean
  locales: string[]
  note: string | null
  published_by: string
  created_at: string
  [field: string]: unknown
}

/** What a notification template makes of data, by channel; null where it has no words. */
export interface TemplatePreview {
  source: string
  email: { subject: string; html: string; text: string; locale: string } | null
  in_app: { title: string; body: string; action_url: string | null; locale: string } | null
  sms: { text: string; encoding: string; segments: number; locale: string } | null
  push: { title: string; body: string; url: string | null; locale: string } | null
}

/** Where a test mail went. */
export interface TemplateTest {
  to: string
  subject: string
  locale: string
}
