import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect } from 'chai'
import { documentOf } from './api-document.js'
import { useServer } from './server.js'

describe('the API document', function () {
  this.timeout(120_000)
  const server = useServer()

  it('passes the linter with its recommended rules', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'vetrai-openapi-'))
    const file = join(folder, 'openapi.json')
    await writeFile(file, (await server.get('/openapi.json')).text)
    const redocly = [
      'node_modules/.bin/redocly',
      'lint',
      '--extends',
      'recommended',
      '--format',
      'json',
      file,
    ]
    const { stdout } = await promisify(execFile)(process.execPath, redocly, {
      env: { ...process.env, REDOCLY_TELEMETRY: 'off' },
      maxBuffer: 32e6,
    }).catch((failed: { stdout: string }) => failed)
    await rm(folder, { recursive: true, force: true })
    const report = JSON.parse(stdout.slice(stdout.indexOf('{'))) as {
      totals: { errors: number }
      problems: { ruleId: string; severity: string; message: string; location: { pointer?: string }[] }[]
    }
    const errors = report.problems.filter((problem) => problem.severity === 'error')
    expect(errors.map((e) => `${e.ruleId}: ${e.message} ${e.location[0]?.pointer}`)).to.deep.equal([])
    expect(report.totals.errors).to.equal(0)
  })

  it('has an operationId, a summary, a tag, error responses and valid examples for every operation', async () => {
    const document = await documentOf(server.url)
    const ajv = new Ajv2020({ strict: false, validateFormats: false })
    ajv.addSchema(document.raw, 'api')
    expect(document.operations).to.have.length.above(0)
    for (const operation of document.operations) {
      expect(operation, operation.operationId).to.include.keys(
        'operationId',
        'summary',
        'tags',
        'security',
        'responses',
      )
      expect(Object.keys(operation.responses), operation.operationId).to.include.members([
        '429',
        '500',
        '503',
      ])
      const media = [operation.requestBody, ...Object.values(operation.responses)].flatMap((part) =>
        Object.values(part?.content ?? {}),
      )
      for (const { schema, example } of media) {
        if (example === undefined) continue
        const absolute = JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"api#/')) as object
        const validate = ajv.compile(absolute)
        expect(
          validate(example),
          `${operation.operationId}: ${JSON.stringify([example, validate.errors])}`,
        ).to.equal(true)
      }
    }
  })
})
