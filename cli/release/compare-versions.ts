/** Orders two versions (semver, build left out): negative where the first is older, 0 where they are the same. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parts(a), parts(b)]
  for (let n = 0; n < 3; n++) {
    const difference = (left.numbers[n] ?? 0) - (right.numbers[n] ?? 0)
    if (difference !== 0) return difference
  }
  return compareSuffixes(left.suffix, right.suffix)
}

function parts(version: string): { numbers: number[]; suffix: string } {
  const [plain = '', ...rest] = version.split('-')
  return { numbers: plain.split('.').map(Number), suffix: rest.join('-') }
}

/** A version with a suffix comes before the one without. */
function compareSuffixes(a: string, b: string): number {
  if (a === b) return 0
  if (a === '') return 1
  if (b === '') return -1
  const [left, right] = [a.split('.'), b.split('.')]
  for (let n = 0; n < Math.max(left.length, right.length); n++) {
    const difference = compareIdentifiers(left[n], right[n])
    if (difference !== 0) return difference
  }
  return 0
}

function compareIdentifiers(a: string | undefined, b: string | undefined): number {
  if (a === b) return 0
  if (a === undefined) return -1
  if (b === undefined) return 1
  const [left, right] = [a, b].map((text) => (/^\d+$/.test(text) ? Number(text) : undefined))
  if (left !== undefined && right !== undefined) return left - right
  if (left !== undefined) return -1
  if (right !== undefined) return 1
  return a < b ? -1 : 1
}
