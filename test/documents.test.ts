import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Manifest } from '@oclif/core/interfaces'
import { expect } from 'chai'

const ROOT = join(fileURLToPath(import.meta.url), '../../..')
const DOCUMENTS = [
  'README.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter(isMarkdown)
    .map((name) => `docs/${name}`),
]
const { commands } = JSON.parse(readFileSync(join(ROOT, 'dist/oclif.manifest.json'), 'utf8')) as Manifest

function isMarkdown(name: string): boolean {
  return name.endsWith('.md')
}

/** Every piece of code in a document: blocks, and what stands between backticks. */
function codeIn(text: string): string[] {
  const blocks = [...text.matchAll(/```sh\n(.*?)```/gs)].flatMap(([, block = '']) => block.split('\n'))
  const spans = [...text.replaceAll(/```.*?```/gs, '').matchAll(/`([^`]+)`/g)].map(([, span = '']) => span)
  return [...blocks, ...spans.map((span) => span.replaceAll(/\s+/g, ' ').replaceAll('\\|', '|'))]
}

/** The command lines in a piece of code, without the values of their flags. */
function commandsIn(code: string): { words: string[]; flags: string[] }[] {
  const bare = code.replaceAll(/'[^']*'|"[^"]*"/g, 'X').replace(/(^|\s)#.*$/, '')
  return bare.split(/&&|\||;|\$\(/).flatMap((part) => {
    const [, line] = /(?:^|\s)(?:bin\/)?vetrai ([a-z].*)$/.exec(part.trim()) ?? []
    if (line === undefined) return []
    // What stands after -- is another program's.
    const [own = ''] = line.split(/\s--(?:\s|$)/)
    const words = own.split(/\s+/)
    const flags = words
      .filter((word) => word.startsWith('--'))
      .map((word) => word.slice(2).replace(/[=)].*$/, ''))
    return [{ words, flags }]
  })
}

/** The command that a line names: its first two words, else its first; any of a topic for the topic itself. */
function commandOf([topic = '', name = '…']: readonly string[]) {
  const ofTopic = Object.values(commands).find(({ id }) => id.startsWith(`${topic}:`))
  return commands[`${topic}:${name}`] ?? commands[topic] ?? (name === '…' ? ofTopic : undefined)
}

describe('the documents', () => {
  it('hold commands to be checked', () => {
    const lines = codeIn(readFileSync(join(ROOT, 'README.md'), 'utf8')).flatMap(commandsIn)
    expect(lines).to.have.length.above(30)
    expect(lines.map(({ flags }) => flags)).to.deep.include(['tenant', 'from', 'publish'])
  })

  for (const document of DOCUMENTS) {
    const text = readFileSync(join(ROOT, document), 'utf8')

    it(`${document} names only commands and flags that there are`, () => {
      for (const { words, flags } of codeIn(text).flatMap(commandsIn)) {
        const line = words.join(' ')
        const command = commandOf(words)
        expect(command, `there is no \`vetrai ${line}\``).not.to.equal(undefined)
        expect(Object.keys(command?.flags ?? {}), line).to.include.members(flags)
      }
    })

    it(`${document} links to what is there`, () => {
      for (const [, link = ''] of text.matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g))
        expect(existsSync(join(ROOT, dirname(document), link)), link).to.equal(true)
    })
  }
})

describe('the tree in docs/architecture.md', () => {
  const text = readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8')
  const [, table = ''] = /## The tree\n(.*?)\n\n[^|\n]/s.exec(text) ?? []
  const named = [...table.matchAll(/^\| (.*?) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, path = '']) => path),
  )

  it('names what is there', () => {
    expect(named).to.have.length.above(30)
    for (const path of named) expect(existsSync(join(ROOT, path)), path).to.equal(true)
  })

  it('leaves no folder out', () => {
    for (const parent of ['cli', 'server', 'server/services', 'templates', 'web', 'compose']) {
      const folders = readdirSync(join(ROOT, parent), { withFileTypes: true }).filter((one) =>
        one.isDirectory(),
      )
      for (const { name } of folders) {
        const path = `${parent}/${name}`
        expect(
          named.some((one) => one === path || one.startsWith(`${path}/`)),
          path,
        ).to.equal(true)
      }
    }
  })
})
