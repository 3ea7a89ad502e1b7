/** What a PromQL expression asks for. */
export interface PromQuery {
  /** Every series it names, with the labels it is chosen by. */
  series: { name: string; labels: string[] }[]
  /** The labels that its aggregations keep. */
  grouping: string[]
  /** Whether anything is aggregated. */
  isGrouped: boolean
}

const AGGREGATIONS = ['sum', 'max', 'min', 'avg', 'count', 'topk']
const WORDS = [...AGGREGATIONS, 'by', 'or', 'rate', 'increase', 'histogram_quantile', 'vector']

/**
 * Reads of an expression what names the outside world; as much of PromQL as the dashboards use. Every word that is
 * none of the language is taken for a series, so that nothing is overlooked.
 */
export function parsePromQuery(text: string): PromQuery {
  const grouping: string[] = []
  const series: PromQuery['series'] = []
  const rest = text
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
  const words: readonly string[] = rest.match(/[a-zA-Z_:][\w:]*/g) ?? []
  for (const name of words) if (!WORDS.includes(name)) series.push({ name, labels: [] })
  const isGrouped = AGGREGATIONS.some((word) => words.includes(word))
  return { series, grouping: [...new Set(grouping)], isGrouped }
}
