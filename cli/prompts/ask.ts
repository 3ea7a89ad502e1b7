/**
 * inquirer, loaded only when a question is really asked, and asking on standard error so that a
 * result on standard output stays clean.
 */
export async function openPrompt() {
  const { createPromptModule } = await import('inquirer')
  return createPromptModule({ output: process.stderr })
}
