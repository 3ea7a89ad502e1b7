/** One line of what the engine tells while it works on something long. */
export interface EngineEvent {
  id?: string
  status?: string
  stream?: string
  progressDetail?: { current?: number; total?: number }
  error?: string
}

/**
 * Follows what the engine tells until it has finished. Throws what it tells of a failure, which comes with the status of a
 * success when the work had begun, and when the answer breaks off.
 */
export async function followEvents(
  answer: AsyncIterable<Buffer | string>,
  onEvent: (event: EngineEvent) => void = () => undefined,
): Promise<void> {
  let text = ''
  for await (const chunk of answer) {
    const lines = (text + chunk.toString()).split('\n')
    text = lines.pop() ?? ''
    for (const line of lines) take(line, onEvent)
  }
  take(text, onEvent)
}

function take(line: string, onEvent: (event: EngineEvent) => void): void {
  if (line.trim() === '') return
  const event = JSON.parse(line) as EngineEvent
  if (event.error !== undefined) throw new Error(event.error)
  onEvent(event)
}
