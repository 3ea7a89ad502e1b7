import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Check, type Finding, ok, warn } from './check.js'

/** What Redis and PostgreSQL ask of a kernel. `least` where more is as good. */
const WANTED: readonly { name: string; least?: number; exactly?: number; set: number }[] = [
  // Redis forks to save: without it the kernel may refuse the copy although it is never written.
  { name: 'vm.overcommit_memory', exactly: 1, set: 1 },
  { name: 'net.core.somaxconn', least: 511, set: 1_024 },
  { name: 'kernel.shmmax', least: 64 * 1024 ** 2, set: 1024 ** 3 },
  { name: 'fs.file-max', least: 65_536, set: 1_000_000 },
  { name: 'vm.max_map_count', least: 65_530, set: 262_144 },
]

const HUGE_PAGES = '/sys/kernel/mm/transparent_hugepage/enabled'

/** Settings of the kernel as they are; what cannot be read is left out. */
export interface KernelSettings {
  numbers: Readonly<Record<string, number>>
  /** `always`, `madvise` or `never`. */
  hugePages: string | undefined
}

/** The kernel is set as Redis and PostgreSQL need it. */
export const kernel: Check = {
  name: 'kernel',
  title: 'Kernel settings',
  stages: ['doctor'],
  remedy: 'Set them with sysctl.',
  run: async ({ engine }) => {
    const facts = await engine?.().catch(() => undefined)
    return facts?.isLocal ? judgeKernel(await kernelSettings()) : undefined
  },
}

/** Judges the settings, with the command that mends each. */
export function judgeKernel({ numbers, hugePages }: KernelSettings): Finding {
  const wrong = WANTED.filter(({ name, least, exactly }) => {
    const value = numbers[name]
    if (value === undefined) return false
    return exactly === undefined ? value < (least ?? 0) : value !== exactly
  })
  const details = wrong.map(({ name }) => `${name} is ${numbers[name]}`)
  const remedies = []
  if (wrong.length > 0) {
    const lines = wrong.map(({ name, set }) => `'${name} = ${set}'`).join(' ')
    remedies.push(
      `printf '%s\\n' ${lines} | sudo tee -a /etc/sysctl.d/90-vetrai.conf && sudo sysctl --system`,
    )
  }
  if (hugePages === 'always') {
    details.push('transparent huge pages are always on')
    remedies.push(`echo madvise | sudo tee ${HUGE_PAGES}`)
  }
  return details.length === 0
    ? ok('as Redis and PostgreSQL want them')
    : warn(details.join('; '), remedies.join(' ; '))
}

/** Reads the settings of the kernel whose file system begins at `root`. */
export async function kernelSettings(root = '/'): Promise<KernelSettings> {
  const read = (path: string) =>
    readFile(join(root, path), 'utf8').then(
      (text) => text.trim(),
      () => undefined,
    )
  const values = await Promise.all(
    WANTED.map(async ({ name }) => [name, await read(`/proc/sys/${name.replaceAll('.', '/')}`)] as const),
  )
  const pages = await read(HUGE_PAGES)
  return {
    numbers: Object.fromEntries(
      values.flatMap(([name, text]) => (text === undefined ? [] : [[name, Number(text)]])),
    ),
    hugePages: /\[(\w+)\]/.exec(pages ?? '')?.[1],
  }
}
