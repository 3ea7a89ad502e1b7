import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'

const SERVER = fileURLToPath(new URL('../../../server/', import.meta.url))

/** Folders that may open connections: this client, and the drivers of the operator's own data stores. */
const MAY_CONNECT = ['outbound/', 'storage/']

/** Ways to make an outgoing HTTP call or a raw connection past the guard. */
const CALLS_OUT = [
  /(?<![.\w'"])fetch\((?!\)|\w+\??:)/,
  /from '(undici|axios|got|node-fetch|superagent|request|needle|ky|nodemailer)'/,
  /import\('(undici|axios|got|node-fetch|superagent|request|needle|ky|nodemailer)'\)/,
  /\b(http|https|http2|net|tls)\.(request|get|connect|createConnection)\(/,
  /import \{[^}]*\b(request|get|connect|createConnection)\b[^}]*\} from 'node:(http|https|http2|net|tls)'/,
  /new (WebSocket|EventSource|XMLHttpRequest)\(/,
]

describe('outgoing calls', () => {
  it('are made by the guarded client only', () => {
    const sources = readdirSync(SERVER, { recursive: true, encoding: 'utf8' })
      .map((path) => path.replaceAll('\\', '/'))
      .filter((path) => /\.ts$/.test(path) && !/\.test\.ts$/.test(path))
      .filter((path) => !MAY_CONNECT.some((folder) => path.startsWith(folder)))
    const offenders = sources.filter((path) => {
      const source = readFileSync(join(SERVER, path), 'utf8').replace(/^\s*(\/\/|\*|\/\*).*$/gm, '')
      return CALLS_OUT.some((pattern) => pattern.test(source))
    })
    expect(offenders.map((path) => relative('.', path))).to.deep.equal([])
  })

  it('would be noticed elsewhere', () => {
    const lines = [
      `const res = await fetch('https://example.com')`,
      `import axios from 'axios'`,
      `const { request } = await import('undici')`,
      `https.request({ host })`,
      `import { request } from 'node:https'`,
      `new WebSocket(url)`,
    ]
    for (const line of lines)
      expect(
        CALLS_OUT.some((pattern) => pattern.test(line)),
        line,
      ).to.equal(true)
    expect(CALLS_OUT.some((pattern) => pattern.test('await outbound.fetch(url)'))).to.equal(false)
  })
})
