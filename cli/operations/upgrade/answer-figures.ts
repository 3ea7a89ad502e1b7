const METRIC = 'vetrai_http_request_duration_seconds'
const LINE = new RegExp(`^${METRIC}_(count|bucket)\\{(.*)\\} (\\S+)$`)

/** What /metrics says of the requests that were answered. */
export interface Figures {
  all: number
  /** Those that failed by the server's own fault (5xx). */
  failed: number
  /** How many took at most so many seconds. */
  within: Map<number, number>
}

export const NOTHING: Figures = { all: 0, failed: 0, within: new Map() }

/** Adds up what /metrics says of all routes. */
export function readFigures(text: string): Figures {
  const figures: Figures = { all: 0, failed: 0, within: new Map() }
  for (const line of text.split('\n')) {
    const [, what, labels = '', value = ''] = LINE.exec(line) ?? []
    if (what === 'count') {
      figures.all += Number(value)
      if (/status="5/.test(labels)) figures.failed += Number(value)
    }
    const bound = Number(/le="([\d.e+-]+)"/.exec(labels)?.[1])
    if (what === 'bucket' && Number.isFinite(bound)) add(figures.within, bound, Number(value))
  }
  return figures
}

/** What came between two looks; where the server started anew between them its figures did so too. */
export function increase(earlier: Figures, later: Figures): Figures {
  if (later.all < earlier.all) return later
  const within = new Map([...later.within].map(([bound, n]) => [bound, n - (earlier.within.get(bound) ?? 0)]))
  return { all: later.all - earlier.all, failed: later.failed - earlier.failed, within }
}

/** Both together. */
export function sum(a: Figures, b: Figures): Figures {
  const within = new Map(a.within)
  for (const [bound, n] of b.within) add(within, bound, n)
  return { all: a.all + b.all, failed: a.failed + b.failed, within }
}

/** Milliseconds within which this share of the answers came, evenly spread between two bounds; Infinity above the last. */
export function percentileMs({ all, within }: Figures, percentile: number): number {
  const rank = (percentile / 100) * all
  let [low, below] = [0, 0]
  for (const [bound, n] of [...within].sort(([a], [b]) => a - b)) {
    if (n >= rank && n > below) return 1_000 * (low + ((bound - low) * (rank - below)) / (n - below))
    ;[low, below] = [bound, n]
  }
  return Number.POSITIVE_INFINITY
}

function add(counts: Map<number, number>, key: number, n: number): void {
  counts.set(key, (counts.get(key) ?? 0) + n)
}
