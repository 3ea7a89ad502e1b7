import autocannon from 'autocannon'
import { processorMs } from './processes.js'

/** What to send again and again, and which process answers. */
export interface Target {
  url: string
  pid?: number
  method?: 'GET' | 'POST'
  headers?: Record<string, string>
  body?: string
}

/** What came back. Latencies are in milliseconds. */
export interface LoadResult {
  perSecond: number
  p50: number
  p99: number
  /** Processor time the server spent on one request, in microseconds: says the same on a busy machine. */
  cpuUs: number
}

/** Sends a target's request over `connections` at once for `seconds`; throws when any answer is not a success. */
export async function drive(
  target: Target,
  options: { connections?: number; seconds: number; rate?: number },
): Promise<LoadResult> {
  const times: number[] = []
  const cpuBefore = target.pid ? processorMs(target.pid) : 0
  const startedAt = performance.now()
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const instance = autocannon(
      {
        url: target.url,
        method: target.method ?? 'GET',
        connections: options.connections ?? 32,
        duration: options.seconds,
        ...(options.rate === undefined ? {} : { overallRate: options.rate }),
        ...(target.headers ? { headers: target.headers } : {}),
        ...(target.body === undefined ? {} : { body: target.body }),
      },
      (error: unknown, done: autocannon.Result) => (error ? reject(error) : resolve(done)),
    )
    instance.on('response', (_client, _status, _bytes, ms) => times.push(ms))
  })
  const seconds = (performance.now() - startedAt) / 1000
  if (result.non2xx > 0 || result.errors > 0) {
    throw new Error(`${target.url}: ${result.non2xx} answers were no success, ${result.errors} calls failed`)
  }
  const cpuUs = target.pid ? ((processorMs(target.pid) - cpuBefore) * 1000) / times.length : Number.NaN
  times.sort((a, b) => a - b)
  return { perSecond: times.length / seconds, p50: quantile(times, 0.5), p99: quantile(times, 0.99), cpuUs }
}

/** The value that a share of the sorted values does not exceed. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

/** The middle value. */
export function median(values: readonly number[]): number {
  return quantile(
    [...values].sort((a, b) => a - b),
    0.5,
  )
}
