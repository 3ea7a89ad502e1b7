/** Most of a result that is kept, in characters of its JSON. */
const RESULT_MAX = 65_536

/**
 * What a run answered as JSON that PostgreSQL takes, whatever it was: many results go into one statement, and one
 * that it refused would keep all of them from being settled.
 */
export function resultText(result: unknown): string | null {
  const text = toJson(result)
  if (text === undefined || text === 'null') return null
  return text.length <= RESULT_MAX ? storable(text) : JSON.stringify({ omitted: `${text.length} characters` })
}

function toJson(result: unknown): string | undefined {
  try {
    return JSON.stringify(result)
  } catch {
    // A circle, a big integer, too deep a nest.
    return '{"omitted":"it is no JSON"}'
  }
}

/** Null characters and halves of surrogate pairs, which JSON.stringify escapes and jsonb refuses, replaced. */
function storable(json: string): string {
  return json.replace(/\\(u0000|ud[89a-f][0-9a-f]{2}|.)/g, (all, code: string) =>
    code.length > 1 ? '\ufffd' : all,
  )
}
