/** An amount in minor units with its ISO 4217 code. */
export interface Money {
  amount: number
  currency: string
}

interface Described {
  /** What it is, in words for authors of templates. */
  about: string
  /** May be missing or null; `{{#x}}…{{/x}}` and `{{^x}}…{{/x}}` tell which. */
  optional?: boolean | undefined
}

/**
 * What a variable may hold. `url`: an http(s) address. `name`: words a person chose, on one line, which are kept from
 * becoming a link. `text`: the same on several lines. `plain`: words this server made, on one line. `time` is a moment
 * shown to the minute, `date` its day; `duration` is in seconds. `choice`: one of a few words, which each locale spells
 * its own way. `flag` only opens sections.
 */
export type ScalarSpec = Described &
  (
    | { kind: 'url' | 'name' | 'text' | 'plain' | 'date' | 'time'; example: string }
    | { kind: 'number' | 'duration'; example: number }
    | { kind: 'money'; example: Money }
    | { kind: 'flag'; example: boolean }
    | { kind: 'choice'; options: readonly string[]; example: string }
  )

/** Items of a list, each with the same fields. */
export type ListSpec = Described & {
  kind: 'list'
  fields: Readonly<Record<string, ScalarSpec>>
  example: readonly Readonly<Record<string, unknown>>[]
}

export type VariableSpec = ScalarSpec | ListSpec
export type Variables = Readonly<Record<string, VariableSpec>>

type ValueOf<S> = S extends { kind: 'list'; fields: infer F }
  ? readonly DataOf<F>[]
  : S extends { kind: 'choice'; options: readonly (infer O)[] }
    ? O
    : S extends { kind: 'number' | 'duration' }
      ? number
      : S extends { kind: 'money' }
        ? Money
        : S extends { kind: 'flag' }
          ? boolean
          : S extends { kind: 'date' | 'time' }
            ? string | Date
            : string
type OptionalOf<V> = { [N in keyof V]: V[N] extends { optional: true } ? N : never }[keyof V]

/** The data that fits these variables. */
export type DataOf<V> = { readonly [N in Exclude<keyof V, OptionalOf<V>>]: ValueOf<V[N]> } & {
  readonly [N in OptionalOf<V>]?: ValueOf<V[N]> | null
}

/** The examples of all variables, as data that fits them. */
export function exampleData(variables: Variables): Record<string, unknown> {
  return Object.fromEntries(Object.entries(variables).map(([name, { example }]) => [name, example]))
}
