const SWITCHES = new Set(['--json', '--no-color', '--quiet', '-q', '--yes', '-y'])

/** Moves global flags written before the command behind it, so that `vetrai --dir D status` works too. */
export function hoistFlags(argv: readonly string[]): string[] {
  let start = 0
  while (start < argv.length) {
    const word = argv[start] ?? ''
    if (SWITCHES.has(word) || word.startsWith('--dir=')) start += 1
    else if (word === '--dir') start += 2
    else break
  }
  if (start === 0 || start >= argv.length) return [...argv]

  const rest = argv.slice(start)
  const end = rest.indexOf('--')
  const cut = end === -1 ? rest.length : end
  return [...rest.slice(0, cut), ...argv.slice(0, start), ...rest.slice(cut)]
}
