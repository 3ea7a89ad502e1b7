import { text } from 'node:stream/consumers'

/** Series of every program in Go, and settings that nothing of ours asks for. */
const LEFT_OUT = /^(go|net|process|promhttp)_|^pg_settings_(?!max_connections$)/

/**
 * Lists the series of a page of metrics on standard input, each with its labels, below a line that says whose they are:
 * `curl -s HOST:9187/metrics | node dist/test/record-series.js 'NAME VERSION' > test/series/postgres.txt`
 */
async function main(whose: string | undefined): Promise<void> {
  const found = new Map<string, Set<string>>()
  for (const line of (await text(process.stdin)).split('\n')) {
    const [, name, labels = ''] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? /.exec(line) ?? []
    if (name === undefined || LEFT_OUT.test(name)) continue
    const known = found.get(name) ?? new Set()
    for (const [, label = ''] of labels.matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)) known.add(label)
    found.set(name, known)
  }
  console.log(`# ${whose}`)
  for (const [name, labels] of [...found].sort()) console.log([name, ...[...labels].sort()].join(' '))
}

await main(process.argv[2])
