import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { type PromQuery, parsePromQuery } from './prom-query.js'
import { useServer } from './server.js'

const FOLDER = join(fileURLToPath(import.meta.url), '../../../compose/grafana/dashboards')
const SOURCE = { type: 'prometheus', uid: '$' + '{DS_PROMETHEUS}' }
/** Labels that Prometheus itself gives to what it scrapes. */
const SCRAPED = ['instance', 'job']
/** Variables that Grafana itself knows. */
const GLOBALS = ['__rate_interval']

interface Panel {
  id: number
  type: string
  title: string
  description?: string
  datasource?: object
  gridPos: { x: number; y: number; w: number; h: number }
  fieldConfig?: { defaults: { unit?: string; thresholds?: object } }
  targets?: { refId: string; datasource: object; expr: string; legendFormat: string }[]
}

interface Variable {
  name: string
  type: string
  datasource?: object
  definition?: string
}

interface Dashboard {
  uid: string
  title: string
  description: string
  schemaVersion: number
  templating: { list: Variable[] }
  panels: Panel[]
}

const files = readdirSync(FOLDER).filter((file) => file.endsWith('.json'))
const dashboards = files.map((file) => ({
  file,
  ...(JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as Dashboard),
}))

/** Everything a dashboard asks Prometheus: the queries of panels, and those that fill variables. */
function queriesOf({ panels, templating }: Dashboard): { where: string; text: string; legend: string }[] {
  const shown = panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr, legendFormat }) => ({ where: title, text: expr, legend: legendFormat })),
  )
  const choices = templating.list.flatMap(({ name, definition }) => {
    const [, metric, label] = /^label_values\((\w+), (\w+)\)$/.exec(definition ?? '') ?? []
    return definition ? [{ where: name, text: `sum by (${label}) (${metric})`, legend: '' }] : []
  })
  return [...shown, ...choices]
}

/** Names of variables in a text, written `$name` or `${name}`. */
function variablesIn(text: string): string[] {
  return [...text.matchAll(/\$\{?(\w+)/g)].map(([, name = '']) => name)
}

const overlap = ({ gridPos: a }: Panel, { gridPos: b }: Panel) =>
  a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h

describe('the dashboards', () => {
  const server = useServer()

  /** Fails where a query asks for a metric or a label that the server has not. */
  function expectKnown(where: string, text: string): void {
    const { series, grouping } = parsePromQuery(text)
    expect(series, `${where}: ${text}`).not.to.be.empty
    for (const { name, labels } of series) {
      const known = labelsOf(server.resources.metrics.registry, name)
      expect(known, `${where}: there is no metric ${name}`).not.to.equal(undefined)
      expect(known, `${where}: ${name}`).to.include.members([...labels, ...grouping])
    }
  }

  it('are not alone: what docs/operations.md wakes people by is there too', () => {
    const guide = readFileSync(join(FOLDER, '../../../docs/operations.md'), 'utf8')
    const alerts = [...guide.matchAll(/^\| `([^`]*vetrai_[^`]*)` \|/gm)].map(([, text = '']) => text)
    expect(alerts).to.have.length.above(3)
    for (const alert of alerts) expectKnown('docs/operations.md', alert)
  })

  it('are there, each under an id and a title of its own', () => {
    expect(files).to.include.members(['jobs.json', 'notifications.json', 'workflows.json'])
    for (const field of ['uid', 'title'] as const)
      expect(new Set(dashboards.map((one) => one[field])).size, field).to.equal(files.length)
  })

  for (const dashboard of dashboards) {
    describe(dashboard.file, () => {
      const { panels, templating } = dashboard
      const shown = panels.filter(({ type }) => type !== 'row')

      it('is one that Grafana 11 takes, of a data source that can be chosen', () => {
        expect(dashboard.schemaVersion).to.be.within(39, 41)
        const [source] = templating.list
        expect(source).to.deep.include({ name: 'DS_PROMETHEUS', type: 'datasource' })
        const used = shown.flatMap(({ datasource, targets = [] }) => [
          datasource,
          ...targets.map((target) => target.datasource),
        ])
        for (const one of [...used, ...templating.list.slice(1).map(({ datasource }) => datasource)])
          expect(one).to.deep.equal(SOURCE)
      })

      it('gives each panel an id, a place, words and a unit', () => {
        expect(new Set(panels.map(({ id }) => id)).size).to.equal(panels.length)
        for (const [i, panel] of panels.entries()) {
          expect(panel.gridPos.x + panel.gridPos.w, panel.title).to.be.at.most(24)
          for (const other of panels.slice(i + 1))
            expect(overlap(panel, other), `${panel.title} lies on ${other.title}`).to.equal(false)
        }
        for (const { title, description, fieldConfig, targets = [] } of shown) {
          expect(description, title).to.match(/\.$/)
          expect(fieldConfig?.defaults, title).to.include.keys('unit', 'thresholds')
          expect(targets, title).not.to.be.empty
          for (const { legendFormat } of targets) expect(legendFormat, title).not.to.equal('')
        }
      })

      it('asks for nothing but metrics and labels that the server has', () => {
        for (const { where, text } of queriesOf(dashboard)) expectKnown(where, text)
      })

      it('names what it shows by labels that are left', () => {
        for (const { where, text, legend } of queriesOf(dashboard)) {
          const named = [...legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label)
          expect(labelsLeft(server, parsePromQuery(text)), `${where}: ${text}`).to.include.members(named)
        }
      })

      it('uses each of its variables, and no other', () => {
        const names = templating.list.map(({ name }) => name)
        const used = new Set(variablesIn(JSON.stringify(shown)))
        expect([...used].filter((name) => !GLOBALS.includes(name)).sort()).to.deep.equal(names.sort())
      })
    })
  }
})

type Registry = ReturnType<typeof useServer>['resources']['metrics']['registry']

/** The labels of a series, those of the scrape included; undefined where there is no such series. */
function labelsOf(registry: Registry, series: string): string[] | undefined {
  const whole = registry.getSingleMetric(series)
  const [, base = '', part] = /^(.*)_(bucket|sum|count)$/.exec(series) ?? []
  const histogram = whole ? undefined : registry.getSingleMetric(base)
  // Not in the library's types, though every metric has them.
  const metric = (whole ?? histogram) as { labelNames: string[]; type?: string } | undefined
  if (!metric) return undefined
  return [...metric.labelNames, ...SCRAPED, ...(part === 'bucket' ? ['le'] : [])]
}

/** What tells the results of a query apart: what it groups by, else the labels of its one series. */
function labelsLeft({ resources }: ReturnType<typeof useServer>, { series, grouping, isGrouped }: PromQuery) {
  const [first] = series
  if (isGrouped || !first) return grouping
  return labelsOf(resources.metrics.registry, first.name) ?? []
}
