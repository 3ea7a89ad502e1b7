/** Where questions are asked and answered; a test hands in its own. */
export interface PromptStreams {
  input: NodeJS.ReadableStream
  output: NodeJS.WritableStream
}

/**
 * inquirer, loaded only when a question is really asked, and asking on standard error so that a
 * result on standard output stays clean.
 */
export async function openPrompt(streams: PromptStreams = { input: process.stdin, output: process.stderr }) {
  const { createPromptModule } = await import('inquirer')
  return createPromptModule(streams)
}
