import { readFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { build, type Plugin } from 'esbuild'
import { LEFT_OUT } from './left-out.js'

export interface Packing {
  /** Where the compiled files are. */
  dist: string
  /** Where the packed ones go: a folder that is called `packed`. */
  outdir: string
  /** Compiled files that are started or found by path, relative to `dist`; so they are named in `outdir`. */
  files: readonly string[]
}

/**
 * Packs programs: each becomes one file, and what several share a few more. Opening hundreds of small modules is most of what
 * a start costs: packed, the server starts in a fifth of the time with a fifth less memory, and a command in two thirds.
 * Answers the paths of all that was written.
 */
export async function pack({ dist, outdir, files }: Packing): Promise<string[]> {
  const { metafile } = await build({
    entryPoints: files.map((file) => join(dist, file)),
    outbase: dist,
    outdir,
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
    plugins: [keepPlaces(dirname(outdir)), oneLocale],
    banner: {
      js: [
        "import { createRequire as makeRequire } from 'node:module'",
        "const besideUrl = import.meta.url.slice(0, import.meta.url.lastIndexOf('/packed/') + 1)",
        // What is CommonJS inside asks for Node's own modules by require.
        'const require = makeRequire(besideUrl)',
        // As Node 21 and later have it: where it is missing, pg loads all of fetch to find out where it runs.
        "globalThis.navigator ??= { userAgent: 'Node.js/' + process.versions.node.split('.')[0] }",
      ].join('\n'),
    },
  })
  return Object.keys(metafile.outputs).map((file) => join(dist, file))
}

/** Keeps `import.meta.url` true: what a module finds beside itself in dist, it finds when packed too. */
function keepPlaces(beside: string): Plugin {
  return {
    name: 'keep-places',
    setup({ onLoad }) {
      onLoad({ filter: /\/dist\/.*\.js$/ }, async ({ path }) => {
        const place = `new URL(${JSON.stringify(relative(beside, path))}, besideUrl).href`
        const code = await readFile(path, 'utf8')
        return { contents: code.replaceAll(/\bimport\.meta\.url\b/g, place), loader: 'js' }
      })
    },
  }
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
