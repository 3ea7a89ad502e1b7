import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { PJSON } from '@oclif/core/interfaces'
import { expect } from 'chai'
import { buildManifest } from '../operations/build-manifest.js'
import { referenceView } from './reference-view.js'

const ROOT = join(fileURLToPath(import.meta.url), '../../../..')

describe('the command line reference', () => {
  it('is current: run `npm run docs:cli` when this fails', async () => {
    const pjson = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as PJSON
    const text = referenceView(await buildManifest(join(ROOT, 'dist'), pjson), pjson)
    expect(readFileSync(join(ROOT, 'docs/reference/cli.md'), 'utf8')).to.equal(text)
    expect(text).to.include('## vetrai tenants create').and.include('| 4 |').and.not.include('<%=')
  })
})
