/** Every rule that can decide what becomes of a message on one channel, and what it says to people. */
export const RULES = {
  default_on: 'The category is on unless somebody switches it off.',
  chosen: 'The recipient chose this category on this channel.',
  critical: 'The category is critical: no preference, quiet hours, throttle or digest holds it back.',
  installation_off: 'The operator of this installation switched it off.',
  tenant_off: 'The organisation switched it off.',
  recipient_off: 'The recipient switched this channel off.',
  category_off: 'The recipient switched this category off on this channel.',
  category_default_off: 'The category is off on this channel unless the recipient switches it on.',
  no_consent: 'The category needs the consent of the recipient, who has not given it on this channel.',
  no_words: 'The template has no words for this channel.',
  not_offered: 'This installation has no provider for this channel.',
  no_address: 'The recipient has no address on this channel.',
  address_unverified: 'The recipient has not verified the address.',
  suppressed: 'The address is on the suppression list.',
  throttled: 'The recipient had as many of these as the throttle allows in its period.',
  digest: 'It is collected and sent with others of its kind.',
  quiet_hours: 'It waits for the end of the recipient’s quiet hours.',
  fallback_unread: 'It goes out if the step before is not read in time.',
  fallback_failed: 'It goes out if the step before fails.',
  // What happens to a delivery after it was decided.
  read: 'The recipient read the message elsewhere.',
  cancelled: 'The message was cancelled.',
  unsubscribed: 'The recipient unsubscribed meanwhile.',
  recipient_gone: 'The recipient does not exist any more.',
  retried: 'Somebody asked for it to be sent again.',
} as const

export type Rule = keyof typeof RULES
export const RULE_NAMES = Object.keys(RULES) as [Rule, ...Rule[]]
