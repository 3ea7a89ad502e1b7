const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

/** A key signs for thirty days. */
export const ROTATE_AFTER_MS = 30 * DAY
/** A new key is published this long before it signs: twice the ten minutes for which the key set may be cached. */
export const PUBLISH_LEAD_MS = 20 * MINUTE
/** A replaced key verifies for another day; access tokens live a quarter of an hour. */
export const KEEP_REPLACED_MS = DAY

interface Dated {
  activeFrom: Date
}

/** The key to sign with at `now`: the youngest active one; null when none is. Pure. */
export function signingKeyAt<K extends Dated>(keys: readonly K[], now: Date): K | null {
  return byAge(keys).findLast((key) => key.activeFrom <= now) ?? null
}

/** The keys that verify at `now` and belong in the key set: those to come, the present one, those just replaced. */
export function verifyingKeysAt<K extends Dated>(keys: readonly K[], now: Date): K[] {
  const ordered = byAge(keys)
  return ordered.filter((_, i) => {
    const successor = ordered[i + 1]
    return successor === undefined || successor.activeFrom.getTime() + KEEP_REPLACED_MS > now.getTime()
  })
}

/** When the next key should start to sign, or null while the youngest is young enough. At once when there is none. */
export function rotationDue(keys: readonly Dated[], now: Date): Date | null {
  const youngest = byAge(keys).at(-1)
  if (youngest === undefined) return now
  const age = now.getTime() - youngest.activeFrom.getTime()
  return age >= ROTATE_AFTER_MS - PUBLISH_LEAD_MS ? new Date(now.getTime() + PUBLISH_LEAD_MS) : null
}

function byAge<K extends Dated>(keys: readonly K[]): K[] {
  return [...keys].sort((a, b) => a.activeFrom.getTime() - b.activeFrom.getTime())
}
