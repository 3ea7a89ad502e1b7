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

/** A kind of job that may be enqueued, with the JSON Schema of its payload. */
export interface JobKind {
  kind: string
  queue: string
  summary: string
  attempts: number
  timeout_s: number
  payload_schema: Record<string, unknown>
}
