type Json = unknown
type JsonObject = Record<string, Json>

/**
 * The object after a JSON merge patch (RFC 7396): members set to null go, objects merge, anything else replaces.
 * Neither argument is changed; a member called `__proto__` is data like any other.
 */
export function mergePatch(target: JsonObject, patch: JsonObject): JsonObject {
  const merged = new Map<string, Json>(Object.entries(target))
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name)
    else if (isObject(value)) {
      const before = merged.get(name)
      merged.set(name, mergePatch(isObject(before) ? before : {}, value))
    } else merged.set(name, value)
  }
  // fromEntries defines own members, so that no name reaches a prototype.
  return Object.fromEntries(merged)
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
