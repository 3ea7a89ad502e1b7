/** An end user of a tenant, as `/notifications/v1/subscribers` presents them. */
export interface Subscriber {
  id: string
  external_id: string
  name: string | null
  email: string | null
  phone: string | null
  locale: string | null
  time_zone: string | null
  created_at?: string
  [field: string]: unknown
}

/** What became of a message when it was handed in. */
export interface AcceptedMessage {
  id: string
  status: string
  transaction_id: string | null
  is_duplicate: boolean
  send_at: string | null
}

/** One rule that had a say, in words. */
export interface Reason {
  rule: string
  words: string
}

/** Who would get what of a message, and why. */
export interface Explanation {
  at: string
  category: string
  is_critical: boolean
  recipients: {
    recipient: { kind: string; id: string | null; external_id: string | null; name: string | null }
    channels: { channel: string; action: string; at: string | null; reasons: Reason[] }[]
  }[]
  unresolved: { what: string; name: string }[]
}

/** One message to one recipient on one channel. */
export interface Delivery {
  id: string
  message_id: string
  recipient: { kind: string; id: string }
  channel: string
  category: string
  template: string
  status: string
  rule: string
  reasons: Reason[]
  attempts: number
  provider: string | null
  destination: string | null
  run_at: string | null
  error: { code: string; message: string } | null
  created_at?: string
  [field: string]: unknown
}

/** One message in an inbox. */
export interface InboxItem {
  id: string
  category: string
  title: string
  body: string
  action_url: string | null
  is_read: boolean
  is_archived: boolean
  created_at?: string
  [field: string]: unknown
}
