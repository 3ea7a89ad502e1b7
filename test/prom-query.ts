/** What a PromQL expression asks for. */
export interface PromQuery {
  /** Every series it names, with the labels it is chosen by. */
  series: { name: string; labels: string[] }[]
  /** The labels that its aggregations keep. */
  grouping: string[]
  /** Labels that it makes of others by `label_replace`. */
  made: string[]
  /** Whether anything is aggregated. */
  isGrouped: boolean
}

const AGGREGATIONS = ['sum', 'max', 'min', 'avg', 'count', 'topk']
const FUNCTIONS = [
  'rate',
  'increase',
  'changes',
  'max_over_time',
  'histogram_quantile',
  'label_replace',
  'vector',
  'time',
]
const WORDS = [...AGGREGATIONS, ...FUNCTIONS, 'by', 'or', 'and', 'unless', 'offset']
/** The strings of `label_replace(…, "made", "$1", "from", "pattern")`. */
const REPLACED = /,\s*"(\w+)"\s*,\s*"[^"]*"\s*,\s*"(\w+)"\s*,\s*"[^"]*"\s*(?=\))/g

/**
 * Reads of an expression what names the outside world; as much of PromQL as dashboards and alerts use. Every word that
 * is none of the language is taken for a series, so that nothing is overlooked.
 */
export function parsePromQuery(text: string): PromQuery {
  const grouping: string[] = []
  const made: string[] = []
  const sources: string[] = []
  const series: PromQuery['series'] = []
  const rest = text
    .replaceAll(REPLACED, (_all, label: string, source: string) => {
      made.push(label)
      sources.push(source)
      return ' '
    })
    .replaceAll(/\[[^\]]*\]/g, ' ')
    .replaceAll(/\bby\s*\(([^)]*)\)/g, (_all, labels: string) => {
      grouping.push(...labels.split(',').map((label) => label.trim()))
      return ' '
    })
    .replaceAll(/([a-zA-Z_:][\w:]*)\s*\{([^}]*)\}/g, (_all, name: string, matchers: string) => {
      const labels = [...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"[^"]*"/g)].map(
        ([, label = '']) => label,
      )
      series.push({ name, labels })
      return ' '
    })
    // Numbers and durations: 1e9, 15m.
    .replaceAll(/\b\d[\w.]*/g, ' ')
  const words: readonly string[] = rest.match(/[a-zA-Z_:][\w:]*/g) ?? []
  for (const name of words) if (!WORDS.includes(name)) series.push({ name, labels: [] })
  for (const one of series) one.labels.push(...sources)
  const isGrouped = AGGREGATIONS.some((word) => words.includes(word))
  return { series, grouping: [...new Set(grouping)], made: [...new Set(made)], isGrouped }
}
