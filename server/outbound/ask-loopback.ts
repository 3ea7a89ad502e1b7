/** What a server of this host answered. */
export interface LoopbackAnswer {
  status: number
  text: string
}

const TIMEOUT_MS = 20_000

/** Asks a server on the loopback of this host, which the guarded client refuses to reach; never for an address from outside. */
export async function askLoopback(
  port: number,
  path: string,
  headers: Record<string, string> = {},
): Promise<LoopbackAnswer> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
    headers,
    redirect: 'manual',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  return { status: answer.status, text: await answer.text() }
}
