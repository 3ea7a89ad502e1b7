import { expect } from 'chai'
import type { BundleSummary } from '../operations/create-bundle.js'
import { bundleView, createdBundleView, loadedBundleView } from './image-bundle-views.js'
import { createPaint } from './paint.js'

const plain = createPaint(false)
const DIGEST = `sha256:${'d'.repeat(64)}`
const image = (ref: string, digest: string | null) => ({
  ...{ ref, name: ref, id: DIGEST, digest, size_bytes: 100 * 1024 ** 2 },
})
const BUNDLE: BundleSummary = {
  file: '/mnt/vetrai.bundle',
  size_bytes: 300 * 1024 ** 2,
  format: 1,
  vetrai_version: '0.1.0',
  created_at: '2026-11-25T12:34:56.000Z',
  architecture: 'amd64',
  images: [image('vetrai/server:0.1.0-abc', null), image('caddy:2', DIGEST)],
  cli: { platform: 'linux-x64', files: 8_000, unpacked_bytes: 130 * 1024 ** 2 },
  parts: [
    { name: 'README.txt', size_bytes: 1, sha256: 'a'.repeat(64) },
    { name: 'cli.tar.gz', size_bytes: 1, sha256: 'a'.repeat(64) },
    { name: 'images.tar.gz', size_bytes: 1, sha256: 'a'.repeat(64) },
  ],
}

describe('what is shown of a bundle', () => {
  it('is what it is for, and each image with the digest of its registry', () => {
    const text = bundleView(BUNDLE, plain)
    expect(text).to.match(/^bundle +\/mnt\/vetrai\.bundle$/m)
    expect(text).to.match(/^for +linux\/amd64$/m)
    expect(text).to.match(/^made +2026-11-25 12:34 UTC$/m)
    expect(text).to.match(/^vetrai\/server:0\.1\.0-abc +100 MiB +–$/m)
    expect(text).to.match(/^caddy:2 +100 MiB +sha256:d{12}$/m)
    expect(createdBundleView(BUNDLE, plain))
      .to.include(text)
      .and.match(/Next: copy it/)
  })

  it('is where it went, and what to run next by which program', () => {
    const loaded = { file: BUNDLE.file, vetrai_version: '0.2.0', images: ['caddy:2'] }
    const alone = loadedBundleView({ ...loaded, cli_dir: null, deployment: null }, plain)
    expect(alone).to.include('1 image loaded').and.include('Next: vetrai init --runtime compose')
    expect(alone).not.to.match(/^deployment/m)
    const whole = loadedBundleView({ ...loaded, cli_dir: '/opt/v2', deployment: '/srv/vetrai' }, plain)
    expect(whole).to.include('Next: /opt/v2/bin/vetrai up --dir /srv/vetrai')
  })
})
