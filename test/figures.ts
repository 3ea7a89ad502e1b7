import type { TestServer } from './server.js'

interface Value {
  value: number
  labels: Record<string, string | number | undefined>
  /** Of a histogram: which of its series. */
  metricName?: string
}

/**
 * What the metrics of a server say now of one series: the sum over all that have these labels, 0 where there is none.
 * `_count` and `_sum` name those of a histogram.
 */
export async function figure(
  { resources }: TestServer,
  series: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number> {
  const { registry } = resources.metrics
  const metric =
    registry.getSingleMetric(series) ?? registry.getSingleMetric(series.replace(/_(count|sum)$/, ''))
  if (!metric) throw new Error(`there is no metric ${series}`)
  const { values } = (await metric.get()) as { values: Value[] }
  return values
    .filter(({ metricName = series }) => metricName === series)
    .filter((one) => Object.entries(labels).every(([name, value]) => one.labels[name] === value))
    .reduce((sum, { value }) => sum + value, 0)
}
