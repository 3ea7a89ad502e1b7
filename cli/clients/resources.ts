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
  status?: string
  environment?: string
  last4?: string
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

/** Use of one key, as `/keys/v1/keys/{id}/usage` presents it. */
export interface KeyUsage {
  [field: string]: unknown
}

/** A person, as `/auth/v1/users` presents them. */
export interface User {
  id: string
  email: string
  name?: string | null
  role?: string | null
  status?: string
  disabled_at?: string | null
  created_at?: string
  [field: string]: unknown
}

/** One signed-in session of a person. */
export interface Session {
  id: string
  created_at?: string
  last_used_at?: string | null
  expires_at?: string | null
  ip?: string | null
  user_agent?: string | null
  [field: string]: unknown
}

/** One line of the audit log. */
export interface AuditEntry {
  id: string
  action: string
  [field: string]: unknown
}

/** What the verification of a chain of audit entries found. */
export interface ChainVerdict {
  ok: boolean
  checked: number
  broken_at: string | number | null
}
