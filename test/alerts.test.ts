import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { PROMETHEUS, readRules } from './alert-rules.js'
import { KnownSeries } from './known-series.js'
import { findPromtool, type Promtool } from './promtool.js'
import { useServer } from './server.js'

const ROOT = join(fileURLToPath(import.meta.url), '../../..')
const { alerts, recordings } = readRules()

const documentOf = (path: string) => readFileSync(join(ROOT, path), 'utf8')

/** Headings of a document as links name them. */
function anchorsOf(path: string): string[] {
  const headings = [...documentOf(path).matchAll(/^#+ (.*)$/gm)]
  return headings.map(([, words = '']) => words.toLowerCase().replaceAll(' ', '-'))
}

describe('the alerts', () => {
  const server = useServer()
  const known = new KnownSeries(() => server.resources.metrics)
  before(() => server.resources.metrics.collectProcess())

  it('are there, each under a name of its own', () => {
    expect(alerts).to.have.length.above(30)
    expect(new Set(alerts.map(({ alert }) => alert)).size).to.equal(alerts.length)
  })

  it('ask for nothing but metrics and labels that there are', () => {
    for (const { alert, expr } of alerts) known.expect(alert, expr)
    for (const { record, expr } of recordings) known.expect(record, expr)
  })

  it('speak only of labels that are left', () => {
    for (const { alert, expr, annotations } of alerts) {
      const words = JSON.stringify(annotations)
      const named = [...words.matchAll(/\$labels\.(\w+)/g)].map(([, label = '']) => label)
      expect(known.labelsLeft(expr), alert).to.include.members(named)
    }
  })

  it('say how bad it is, what it is in a sentence, and where to read what to do', () => {
    for (const { alert, labels, annotations } of alerts) {
      expect(['critical', 'warning'], alert).to.include(labels.severity)
      expect(annotations.summary, alert).to.match(/\.$/)
      expect(annotations.description, alert).to.match(/\.$/)
      expect(annotations.runbook_url, alert).to.equal(`docs/runbooks.md#${alert.toLowerCase()}`)
    }
  })

  it('each have a section in docs/runbooks.md, which has no others', () => {
    const sections = [...documentOf('docs/runbooks.md').matchAll(/^### (.*)$/gm)].map(([, name]) => name)
    expect(sections.sort()).to.deep.equal(alerts.map(({ alert }) => alert).sort())
    const anchors = anchorsOf('docs/runbooks.md')
    for (const { annotations } of alerts)
      expect(anchors).to.include(annotations.runbook_url.replace('docs/runbooks.md#', ''))
  })

  it('are in docs/operations.md where they are worth waking somebody', () => {
    const named = [...documentOf('docs/operations.md').matchAll(/^\| `([A-Z]\w+)` \|/gm)].map(
      ([, name]) => name,
    )
    const critical = alerts.filter(({ labels }) => labels.severity === 'critical')
    expect(named.sort()).to.deep.equal(critical.map(({ alert }) => alert).sort())
  })

  const promtool = findPromtool()
  if (promtool) describe('as promtool sees them', () => promtoolTests(promtool))
  else
    console.log(
      '  alerts: neither promtool (Debian: prometheus) nor the image vetrai-test/prometheus is here, so nothing is checked by promtool',
    )
})

function promtoolTests(promtool: Promtool): void {
  let folder: string

  /** Paths of a container are those of a folder here, so that promtool looks at the files they name, too. */
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'vetrai-rules-'))
    cpSync(PROMETHEUS, join(folder, 'prometheus'), { recursive: true })
    cpSync(join(ROOT, 'test/alerts'), join(folder, 'alerts'), { recursive: true })
    writeFileSync(join(folder, 'metrics-token'), 'token\n')
    const path = join(folder, 'prometheus/prometheus.yml')
    const text = readFileSync(path, 'utf8')
    writeFileSync(path, text.replaceAll('/etc/', `${folder}/`).replaceAll('/run/secrets', folder))
  })
  after(() => rmSync(folder, { recursive: true }))

  it('are right in form, and so is the configuration that loads them', () => {
    const { code, output } = promtool(folder, ['check', 'config', join(folder, 'prometheus/prometheus.yml')])
    expect(code, output).to.equal(0)
    for (const file of readdirSync(join(PROMETHEUS, 'rules'))) expect(output).to.contain(file)
  })

  for (const file of readdirSync(join(ROOT, 'test/alerts'))) {
    it(`fire when they should, and not before: ${file}`, () => {
      const { code, output } = promtool(folder, ['test', 'rules', join(folder, 'alerts', file)])
      expect(code, output).to.equal(0)
    })
  }
}
