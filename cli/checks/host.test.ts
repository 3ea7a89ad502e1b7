import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import type { PublishedPort } from '../deployment/published-ports.js'
import { temporaryFolder } from '../testing/temporary-folder.js'
import type { CheckContext } from './check.js'
import { judgeDisk, spaceAt, spaceOf } from './disk.js'
import { fileModes } from './file-modes.js'
import { activeFirewalls, judgeFirewall } from './firewall.js'
import { judgeKernel, kernelSettings } from './kernel.js'

const GIB = 1024 ** 3

describe('doctor’s checks of the host', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  before(async () => {
    folder = await temporaryFolder()
  })
  after(() => folder.remove())

  const file = async (path: string, content: string, mode = 0o600) => {
    const place = join(folder.path, path)
    await mkdir(join(place, '..'), { recursive: true })
    await writeFile(place, content, { mode })
    await chmod(place, mode)
    return place
  }

  it('find a disk that has bytes left and no room for files', async () => {
    const space = { place: '/srv', free: 100 * GIB, total: 200 * GIB, files: 1_000_000 }
    expect(judgeDisk({ ...space, freeFiles: 10 })).to.include({ level: 'fail' })
    expect(judgeDisk({ ...space, freeFiles: 10 }).remedy).to.include('df -i /srv')
    expect(judgeDisk({ ...space, freeFiles: 5_000 }).level).to.equal('warn')
    expect(judgeDisk({ ...space, freeFiles: 500_000 }).level).to.equal('ok')
    expect(judgeDisk({ ...space, files: 0, freeFiles: 0 }).level).to.equal('ok')
    expect(await spaceAt(join(folder.path, 'not/yet'))).to.include({ place: folder.path })
    const hidden = await spaceOf(join(folder.path, 'none')).catch(() => 'unseen')
    expect(hidden).to.equal('unseen')
  })

  it('ask more room of a disk for images and volumes', () => {
    const space = { place: '/', free: 2 * GIB, total: 9 * GIB, files: 0, freeFiles: 0 }
    expect(judgeDisk(space, { least: GIB, comfortable: 5 * GIB }).level).to.equal('warn')
    expect(judgeDisk({ ...space, free: GIB / 2 }, { least: GIB, comfortable: 5 * GIB }).level).to.equal(
      'fail',
    )
  })

  it('name each kernel setting with the line that mends it', async () => {
    await file('sys-a/proc/sys/vm/overcommit_memory', '0\n')
    await file('sys-a/proc/sys/net/core/somaxconn', '128\n')
    await file('sys-a/proc/sys/vm/max_map_count', '65530\n')
    await file('sys-a/sys/kernel/mm/transparent_hugepage/enabled', '[always] madvise never\n')
    const finding = judgeKernel(await kernelSettings(join(folder.path, 'sys-a')))
    expect(finding.level).to.equal('warn')
    expect(finding.detail).to.equal(
      'vm.overcommit_memory is 0; net.core.somaxconn is 128; transparent huge pages are always on',
    )
    expect(finding.remedy)
      .to.include("'vm.overcommit_memory = 1' 'net.core.somaxconn = 1024'")
      .and.include('echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled')
  })

  it('are content with a kernel that is set well, or hides its settings', async () => {
    await file('sys-b/proc/sys/vm/overcommit_memory', '1\n')
    await file('sys-b/proc/sys/kernel/shmmax', '18446744073692774399\n')
    await file('sys-b/sys/kernel/mm/transparent_hugepage/enabled', 'always [madvise] never\n')
    expect(judgeKernel(await kernelSettings(join(folder.path, 'sys-b'))).level).to.equal('ok')
    expect(judgeKernel(await kernelSettings(join(folder.path, 'none'))).level).to.equal('ok')
  })

  it('warn where a firewall seems to guard what Docker opens past it', async () => {
    await file('fw/etc/ufw/ufw.conf', '# on\nENABLED=yes\nLOGLEVEL=low\n')
    await file('fw/run/firewalld.pid', '1\n')
    await file('off/etc/ufw/ufw.conf', 'ENABLED=no\n')
    expect(await activeFirewalls(join(folder.path, 'fw'))).to.deep.equal(['ufw', 'firewalld'])
    expect(await activeFirewalls(join(folder.path, 'off'))).to.deep.equal([])

    const open = published('0.0.0.0', 443)
    expect(judgeFirewall([], [open])).to.equal(undefined)
    expect(judgeFirewall(['ufw'], [published('127.0.0.1', 8000)])?.level).to.equal('ok')
    const finding = judgeFirewall(
      ['ufw'],
      [published('127.0.0.1', 8000), published('0.0.0.0', 80), open, open],
    )
    expect(finding).to.include({ level: 'warn' })
    expect(finding?.detail).to.include('80, 443').and.not.include('8000')
  })

  it('guard what the containers are made from, and let them pass through to it', async () => {
    const dir = join(folder.path, 'dir')
    const config = await file('dir/vetrai.yml', '')
    const compose = await file('dir/compose.yaml', '')
    const override = await file('dir/compose.override.yaml', '', 0o644)
    const nested = await file('dir/generated/grafana/x.json', '')
    await chmod(join(dir, 'generated'), 0o711)
    await chmod(join(dir, 'generated/grafana'), 0o711)
    const look = () => fileModes.run({ dir, configProblems: [] } as unknown as CheckContext)
    expect((await look())?.level).to.equal('ok')

    await Promise.all([config, compose, nested].map((path) => chmod(path, 0o640)))
    await chmod(override, 0o666)
    await chmod(join(dir, 'generated'), 0o755)
    expect(await look()).to.deep.include({
      level: 'fail',
      remedy: [
        `chmod go-rwx ${config} ${compose} ${nested}`,
        `chmod go-w ${override}`,
        `chmod go-rw ${join(dir, 'generated')}`,
      ].join(' && '),
    })
  })
})

function published(host: string, port: number): PublishedPort {
  return { host, port, protocol: 'tcp', setting: 'port' }
}
