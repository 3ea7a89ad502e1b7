import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import type { Metrics } from '../server/observability/metrics.js'
import { readRules } from './alert-rules.js'
import { type PromQuery, parsePromQuery } from './prom-query.js'

/** Series of Prometheus and the exporters, as record-series.ts found them; tests run none of these. */
const RECORDED = join(fileURLToPath(import.meta.url), '../../../test/series')
/** Labels that Prometheus itself gives to what it scrapes. */
const SCRAPED = ['instance', 'job']

/** Every series that dashboards and alerts may ask for, with its labels: of the server, as it is, and of the rest. */
export class KnownSeries {
  readonly #metrics: () => Metrics
  readonly #others = new Map<string, string[]>([['up', SCRAPED]])

  constructor(metrics: () => Metrics) {
    this.#metrics = metrics
    for (const file of readdirSync(RECORDED)) {
      for (const line of readFileSync(join(RECORDED, file), 'utf8').trim().split('\n').slice(1)) {
        const [name = '', ...labels] = line.split(' ')
        this.#others.set(name, [...labels, ...SCRAPED])
      }
    }
    for (const { record, expr } of readRules().recordings) {
      this.#others.set(record, this.#left(parsePromQuery(expr)))
    }
  }

  /** The labels of a series, those of the scrape included; undefined where there is no such series. */
  labelsOf(series: string): string[] | undefined {
    return this.#ofServer(series) ?? this.#others.get(series)
  }

  /** Fails where a query asks for a series or a label that there is not. */
  expect(where: string, text: string): void {
    const { series, grouping, made } = parsePromQuery(text)
    expect(series, `${where}: ${text}`).not.to.be.empty
    for (const { name, labels } of series) {
      const known = this.labelsOf(name)
      expect(known, `${where}: there is no metric ${name}`).not.to.equal(undefined)
      expect([...(known ?? []), ...made], `${where}: ${name}`).to.include.members([...labels, ...grouping])
    }
  }

  /** What tells the results of a query apart: what it groups by, else the labels of its one series. */
  labelsLeft(text: string): string[] {
    return this.#left(parsePromQuery(text))
  }

  #left({ series: [first], grouping, isGrouped }: PromQuery): string[] {
    return isGrouped || !first ? grouping : (this.labelsOf(first.name) ?? [])
  }

  #ofServer(series: string): string[] | undefined {
    const { registry } = this.#metrics()
    const whole = registry.getSingleMetric(series)
    const [, base = '', part] = /^(.*)_(bucket|sum|count)$/.exec(series) ?? []
    const histogram = whole ? undefined : registry.getSingleMetric(base)
    // Not in the library's types, though every metric has them.
    const metric = (whole ?? histogram) as { labelNames: string[]; type?: string } | undefined
    if (!metric) return undefined
    return [...metric.labelNames, ...SCRAPED, ...(part === 'bucket' ? ['le'] : [])]
  }
}
