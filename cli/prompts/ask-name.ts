import { openPrompt, type PromptStreams } from './ask.js'

/** Asks for the name of what is about to be lost; the answer is what was typed, right or wrong. */
export async function askName(name: string, consequence: string, streams?: PromptStreams): Promise<string> {
  const prompt = await openPrompt(streams)
  const { typed } = await prompt<{ typed: string }>([
    { type: 'input', name: 'typed', message: `This ${consequence}. Type ${name} to confirm:` },
  ])
  return typed.trim()
}
