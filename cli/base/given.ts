/** The record without what is undefined: what a person did not give must not overwrite anything. */
export function given<T extends object>(values: T): Given<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Given<T>
}

type Given<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> }
