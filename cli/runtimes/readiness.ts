/** What a server says of itself at /readyz. */
export interface Readiness {
  isReady: boolean
  version: string | undefined
  /** What is not well, in its words; empty where nothing is, or nobody answers. */
  reason: string
}

/** Asks a server once; nobody who answers is one that is not ready. */
export async function readReadiness(url: string, timeoutMs = 2_000): Promise<Readiness> {
  try {
    const response = await fetch(`${url}/readyz`, {
      signal: AbortSignal.timeout(timeoutMs),
      redirect: 'error',
    })
    const body = await response.text()
    return { isReady: response.ok, version: versionIn(body), reason: reasonOf(body) }
  } catch {
    return { isReady: false, version: undefined, reason: '' }
  }
}

/** What an answer of /readyz says is not well. */
export function reasonOf(body: string): string {
  try {
    const { detail, checks = {} } = JSON.parse(body) as {
      detail?: string
      checks?: Record<string, { ok: boolean; detail?: string }>
    }
    const failing = Object.entries(checks).flatMap(([name, check]) =>
      check.ok ? [] : [`${name}: ${check.detail ?? 'not well'}`],
    )
    return failing.join('; ') || (detail ?? '')
  } catch {
    return body.trim().split('\n').at(-1) ?? ''
  }
}

function versionIn(body: string): string | undefined {
  try {
    return (JSON.parse(body) as { version?: string }).version
  } catch {
    return undefined
  }
}
