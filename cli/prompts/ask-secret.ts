import { openPrompt, type PromptStreams } from './ask.js'

/** Asks for a secret without showing it; with `repeat` until it was typed twice the same. */
export async function askSecret(what: string, repeat: boolean, streams?: PromptStreams): Promise<string> {
  const prompt = await openPrompt(streams)
  for (;;) {
    const { first } = await prompt<{ first: string }>([
      { type: 'password', name: 'first', message: `${capital(what)}:`, mask: '*' },
    ])
    if (!repeat) return first
    const { second } = await prompt<{ second: string }>([
      { type: 'password', name: 'second', message: `${capital(what)} again:`, mask: '*' },
    ])
    if (first === second) return first
    const output = streams?.output ?? process.stderr
    output.write('They differ. Once more.\n')
  }
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
