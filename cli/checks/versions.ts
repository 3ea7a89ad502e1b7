import type { ComponentStatus } from '../runtimes/runtime.js'
import { type Check, type Finding, fail, ok } from './check.js'

const LEAST: Readonly<Record<string, { label: string; version: readonly [number, number] }>> = {
  postgres: { label: 'PostgreSQL', version: [15, 0] },
  redis: { label: 'Redis', version: [6, 2] },
}

/** PostgreSQL and Redis are new enough for what the server asks of them. */
export const versions: Check = {
  name: 'versions',
  title: 'Database and Redis versions',
  stages: ['doctor'],
  remedy: 'Upgrade it, then run `vetrai up`.',
  run: async ({ status }) => (status === undefined ? undefined : judgeVersions(status.components)),
}

/** Judges the versions of what runs; what does not run says nothing. */
export function judgeVersions(components: readonly ComponentStatus[]): Finding | undefined {
  const known = components.flatMap(({ name, version }) => {
    const least = LEAST[name]
    return least && version ? [{ ...least, least: least.version, version }] : []
  })
  if (known.length === 0) return undefined
  const old = known.filter(({ version, least }) => isOlder(version, least))
  if (old.length === 0) return ok(known.map(({ label, version }) => `${label} ${version}`).join(', '))
  return fail(
    old.map(({ label, version, least }) => `${label} ${version} is older than ${least.join('.')}`).join('; '),
  )
}

/** Tells whether a version such as `20.10.24+dfsg1` comes before a major and minor. */
export function isOlder(version: string, [major, minor]: readonly [number, number]): boolean {
  const [, foundMajor = '0', foundMinor = '0'] = /(\d+)(?:\.(\d+))?/.exec(version) ?? []
  return Number(foundMajor) < major || (Number(foundMajor) === major && Number(foundMinor) < minor)
}
