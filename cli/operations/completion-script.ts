import type { Config } from '@oclif/core/interfaces'

export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

/** One word a person may type next, and what it means. */
interface Candidate {
  word: string
  meaning: string
}

/** What may follow each beginning of a command line: '' the first words, 'tenants' its commands, … */
type Completions = Map<string, Candidate[]>

/** A completion script for a shell, made from the commands the program knows. */
export function completionScript(shell: Shell, config: Pick<Config, 'bin' | 'commands' | 'topics'>): string {
  const completions = collect(config)
  if (shell === 'bash') return bash(config.bin, completions)
  return shell === 'zsh' ? zsh(config.bin, completions) : fish(config.bin, completions)
}

function collect({ commands, topics }: Pick<Config, 'commands' | 'topics'>): Completions {
  const found: Completions = new Map()
  const add = (after: string, word: string, meaning: string) => {
    const list = found.get(after) ?? []
    if (!list.some((candidate) => candidate.word === word)) list.push({ word, meaning })
    found.set(after, list)
  }
  for (const command of commands.filter(({ hidden }) => !hidden)) {
    const words = command.id.split(':')
    words.forEach((word, at) => {
      const topic = topics.find(({ name }) => name === words.slice(0, at + 1).join(':'))
      const meaning = at === words.length - 1 ? command.summary : topic?.description
      add(words.slice(0, at).join(' '), word, meaning ?? '')
    })
    for (const [name, flag] of Object.entries(command.flags))
      add(words.join(' '), `--${name}`, flag.description ?? '')
  }
  return found
}

function bash(bin: string, completions: Completions): string {
  const cases = [...completions].map(
    ([after, list]) => `    ${quoted(after)}) words=${quoted(list.map(({ word }) => word).join(' '))} ;;`,
  )
  return `# ${bin} completion for bash
_${bin}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" typed="" word words=""
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) break ;; esac
    case "$typed \${word}" in ${prefixes(completions)}) typed="\${typed:+$typed }$word" ;; esac
  done
  case "$typed" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _${bin} ${bin}
`
}

function zsh(bin: string, completions: Completions): string {
  const cases = [...completions].map(([after, list]) => {
    const words = list.map(({ word, meaning }) => quoted(`${word}:${meaning.replaceAll(':', ' ')}`))
    return `    ${quoted(after)}) candidates=(${words.join(' ')}) ;;`
  })
  return `#compdef ${bin}
# ${bin} completion for zsh
_${bin}() {
  local typed="" word
  local -a candidates
  for word in "\${(@)words[2,CURRENT-1]}"; do
    [[ "$word" == -* ]] && break
    case "$typed $word" in ${prefixes(completions)}) typed="\${typed:+$typed }$word" ;; esac
  done
  case "$typed" in
${cases.join('\n')}
  esac
  _describe '${bin}' candidates || _files
}
compdef _${bin} ${bin}
`
}

function fish(bin: string, completions: Completions): string {
  const known = [...completions.keys()].filter((after) => after !== '')
  const lines = [...completions].flatMap(([after, list]) =>
    list.map(({ word, meaning }) => {
      const name = word.startsWith('--') ? `-l ${word.slice(2)}` : `-a ${quoted(word)}`
      return `complete -c ${bin} -n ${quoted(`__${bin}_at ${quotedWord(after)}`)} ${name} -d ${quoted(meaning)}`
    }),
  )
  return `# ${bin} completion for fish
function __${bin}_at
  set -l typed
  for word in (commandline -opc)[2..-1]
    string match -q -- '-*' $word; and break
    set -l next (string join ' ' $typed $word)
    contains -- $next ${known.map(quoted).join(' ')}; or break
    set typed $next
  end
  test "$typed" = "$argv[1]"
end
complete -c ${bin} -f
${lines.join('\n')}
`
}

/** A case pattern of every command and topic, with a blank before it as the scripts build it. */
function prefixes(completions: Completions): string {
  const known = [...completions.keys()].filter((after) => after !== '')
  return known.map((after) => `"${after.includes(' ') ? after : ` ${after}`}"`).join(' | ')
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

function quotedWord(text: string): string {
  return `"${text}"`
}
