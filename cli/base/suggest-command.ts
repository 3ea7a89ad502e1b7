import { editDistance } from './edit-distance.js'

/** What was typed that is no command, and the command most likely meant. */
export interface Suggestion {
  typed: string
  meant: string | undefined
}

/**
 * Finds the command nearest to what was typed; undefined when nothing is near enough to be a slip of
 * the fingers. Both sides are compared word count for word count, so arguments after the command do
 * not matter.
 */
export function suggestCommand(words: readonly string[], commands: readonly string[]): Suggestion {
  let best: { command: string; distance: number; length: number } | undefined
  for (const command of commands) {
    const length = command.split(' ').length
    if (words.length < length) continue
    const distance = editDistance(words.slice(0, length).join(' '), command)
    const better = !best || distance < best.distance || (distance === best.distance && length > best.length)
    if (distance <= tolerance(command) && better) best = { command, distance, length }
  }
  const topics = new Set(
    commands.filter((command) => command.includes(' ')).map((command) => command.split(' ')[0]),
  )
  const length = best?.length ?? (topics.has(words[0]) ? 2 : 1)
  return {
    typed: words.slice(0, length).join(' '),
    meant: best?.command ?? nearTopic(words[0] ?? '', topics),
  }
}

/** The command that the words begin with, and what stands behind it that it does not take; undefined where they begin with none. */
export function extraWords(
  words: readonly string[],
  commands: readonly string[],
): { command: string; words: string[] } | undefined {
  for (let length = words.length; length > 0; length--) {
    const command = words.slice(0, length).join(' ')
    if (commands.includes(command)) return { command, words: words.slice(length) }
  }
  return undefined
}

function nearTopic(word: string, topics: Set<string | undefined>): string | undefined {
  return [...topics].find((topic) => topic && topic !== word && editDistance(word, topic) <= tolerance(topic))
}

function tolerance(command: string): number {
  return command.length <= 4 ? 1 : command.length <= 12 ? 2 : 3
}
