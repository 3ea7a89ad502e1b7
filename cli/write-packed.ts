import { readdirSync } from 'node:fs'
import { copyFile, readFile, rm } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'
import { LEFT_OUT } from './left-out.js'

/**
 * Build step: writes dist/packed, where each program is one file and what several share are a few more. Opening
 * hundreds of small modules is most of what a start costs: packed, the server starts in a fifth of the time with a
 * fifth less memory, and a command in two thirds. Paths below dist/packed are those below dist.
 */
const dist = dirname(dirname(fileURLToPath(import.meta.url)))
const packed = join(dist, 'packed')

const PROGRAMS = [
  'server/main.js',
  'server/migrate.js',
  'server/backup-tool.js',
  'cli/main.js',
  'cli/runtimes/embedded/supervisor-main.js',
]

/** What oclif finds by path, from the manifest and from package.json. */
const FOUND_BY_PATH = ['cli/base/help.js', ...below('cli/commands'), ...below('cli/hooks')]

/** Keeps `import.meta.url` true: what a module finds beside itself in dist, it finds when packed too. */
const keepPlaces: Plugin = {
  name: 'keep-places',
  setup({ onLoad }) {
    onLoad({ filter: /\/dist\/.*\.js$/ }, async ({ path }) => {
      const place = `new URL(${JSON.stringify(relative(dist, path))}, distUrl).href`
      const code = await readFile(path, 'utf8')
      return { contents: code.replaceAll(/\bimport\.meta\.url\b/g, place), loader: 'js' }
    })
  },
}

/** Of the languages that zod can say an error in, this program uses one. */
const oneLocale: Plugin = {
  name: 'one-locale',
  setup({ onLoad }) {
    onLoad({ filter: /\/zod\/v4\/locales\/index\.js$/ }, () => ({
      contents: "export { default as en } from './en.js'",
      loader: 'js',
    }))
  },
}

const { metafile } = await build({
  entryPoints: [...PROGRAMS, ...FOUND_BY_PATH].map((file) => join(dist, file)),
  outbase: dist,
  outdir: packed,
  bundle: true,
  splitting: true,
  chunkNames: 'shared/[name]-[hash]',
  platform: 'node',
  format: 'esm',
  target: 'node20',
  external: [...LEFT_OUT.server, ...LEFT_OUT.commandLine, ...LEFT_OUT.absent],
  sourcemap: 'linked',
  sourcesContent: false,
  legalComments: 'none',
  logLevel: 'error',
  metafile: true,
  absWorkingDir: dist,
  plugins: [keepPlaces, oneLocale],
  banner: {
    js: [
      "import { createRequire as makeRequire } from 'node:module'",
      "const distUrl = import.meta.url.slice(0, import.meta.url.lastIndexOf('/packed/') + 1)",
      // What is CommonJS inside asks for Node's own modules by require.
      'const require = makeRequire(distUrl)',
      // As Node 21 and later have it: where it is missing, pg loads all of fetch to find out where it runs.
      "globalThis.navigator ??= { userAgent: 'Node.js/' + process.versions.node.split('.')[0] }",
    ].join('\n'),
  },
})
await copyFile(join(dist, 'oclif.manifest.json'), join(packed, 'oclif.manifest.json'))

/** What an earlier build packed and this one did not. */
const written = new Set(Object.keys(metafile.outputs).map((file) => join(dist, file)))
for (const file of readdirSync(packed, { recursive: true, withFileTypes: true })) {
  const path = join(file.parentPath, file.name)
  if (file.isFile() && /\.js(\.map)?$/.test(file.name) && !written.has(path)) await rm(path)
}

function below(folder: string): string[] {
  return readdirSync(join(dist, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.js') && !file.endsWith('.test.js'))
    .map((file) => join(folder, file))
}
