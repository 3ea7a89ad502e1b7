import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { KnownSeries } from './known-series.js'
import { useServer } from './server.js'

const FOLDER = join(fileURLToPath(import.meta.url), '../../../compose/grafana/dashboards')
const SOURCE = { type: 'prometheus', uid: '$' + '{DS_PROMETHEUS}' }
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
  return [...text.matchAll(/\$\{?([a-zA-Z_]\w*)/g)].map(([, name = '']) => name)
}

const overlap = ({ gridPos: a }: Panel, { gridPos: b }: Panel) =>
  a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h

describe('the dashboards', () => {
  const server = useServer()
  const known = new KnownSeries(() => server.resources.metrics)
  before(() => server.resources.metrics.collectProcess())

  it('are there, each under an id and a title of its own', () => {
    expect(files).to.have.members([
      ...['backups.json', 'jobs.json', 'notifications.json', 'platform.json', 'postgres.json', 'redis.json'],
      ...['services.json', 'workflows.json'],
    ])
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

      it('asks for nothing but metrics and labels that there are', () => {
        for (const { where, text } of queriesOf(dashboard)) known.expect(where, text)
      })

      it('names what it shows by labels that are left', () => {
        for (const { where, text, legend } of queriesOf(dashboard)) {
          const named = [...legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label)
          expect(known.labelsLeft(text), `${where}: ${text}`).to.include.members(named)
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
