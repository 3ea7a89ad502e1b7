/**
 * Splits a command line at its first `--`: what is ours, and what is passed on as it is. oclif's own list of words puts those
 * that occur twice out of order.
 */
export function splitWords(argv: readonly string[]): { own: string[]; passedOn: string[] } {
  const at = argv.indexOf('--')
  return at === -1
    ? { own: [...argv], passedOn: [] }
    : { own: argv.slice(0, at), passedOn: argv.slice(at + 1) }
}
