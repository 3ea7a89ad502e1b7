import { execFileSync } from 'node:child_process'
import { expect } from 'chai'
import fc from 'fast-check'
import { shellWord, unitArgument, unitPath, unitWord } from './escape.js'

/** Any text but control characters, with what has a meaning somewhere turning up often. */
const text = fc
  .array(
    fc.oneof(
      fc.constantFrom(...' "\'\\%$;#:-+@!*?{}~`|&<>()\u00e9\u{1f600}'),
      fc.constantFrom('%n', '$HOME', '\\x41', '\\n', '$$', '%%', "'; touch /tmp/x; '"),
      fc.string({ minLength: 1, maxLength: 4, unit: 'binary' }),
    ),
    { minLength: 1, maxLength: 12 },
  )
  .map((parts) => parts.join(''))
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are refused, as another test shows
  .filter((value) => !/[\u0000-\u001f\u007f\ud800-\udfff]/u.test(value))

describe('words of a unit', () => {
  it('mean to systemd what they say, in lists', () => {
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 4 }), (words) => {
        expect(specifiers(split(words.map(unitWord).join(' ')))).to.deep.equal(words)
      }),
    )
  })

  it('mean to systemd what they say, as arguments of a command', () => {
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 4 }), (words) => {
        expect(variables(specifiers(split(words.map(unitArgument).join(' '))))).to.deep.equal(words)
      }),
    )
  })

  it('mean to systemd what they say, where a path is all of a line', () => {
    fc.assert(
      fc.property(text, (path) => {
        expect(specifiers([unitPath(path)])).to.deep.equal([path])
      }),
    )
  })

  it('mean to a shell what they say', () => {
    const words = fc.sample(text, 200)
    const script = words.map((word) => `printf '%s\\0' ${shellWord(word)}`).join('\n')
    const said = execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' })
    expect(said.split('\0').slice(0, -1)).to.deep.equal(words)
  })

  it('are refused where they hold what a line cannot', () => {
    for (const bad of ['a\nExecStart=/bin/true', 'a\u0000b', 'a\rb', '\u001b[2J']) {
      expect(() => unitWord(bad))
        .to.throw()
        .with.property('code', 'path_unfit')
      expect(() => unitArgument(bad)).to.throw()
      expect(() => unitPath(bad)).to.throw()
    }
  })
})

/** How systemd.syntax(7) says a value is split: by blanks, quotes around whole words, C escapes. */
function split(line: string): string[] {
  const words: string[] = []
  for (let at = 0; at < line.length; ) {
    if (line[at] === ' ') {
      at += 1
      continue
    }
    let word = ''
    let quote = ''
    for (; at < line.length && (quote !== '' || line[at] !== ' '); at++) {
      const character = line[at] ?? ''
      if (character === '\\') {
        at += 1
        const escaped = line[at] ?? ''
        if (!'"\\\''.includes(escaped)) throw new Error(`escape \\${escaped} was not meant`)
        word += escaped
      } else if (quote === '' && (character === '"' || character === "'")) quote = character
      else if (character === quote) quote = ''
      else word += character
    }
    words.push(word)
  }
  return words
}

/** `%%` is a percent sign; any other specifier would put something in. */
function specifiers(words: string[]): string[] {
  return words.map((word) =>
    word.replace(/%(.?)/gu, (_, next: string) => {
      if (next !== '%') throw new Error(`specifier %${next} was not meant`)
      return '%'
    }),
  )
}

/** systemd.service(5): `$$` is a dollar sign; `$NAME` and `${NAME}` put a variable in. */
function variables(words: string[]): string[] {
  return words.map((word) =>
    word.replace(/\$(.?)/gu, (_, next: string) => {
      if (next !== '$') throw new Error(`variable $${next} was not meant`)
      return '$'
    }),
  )
}
