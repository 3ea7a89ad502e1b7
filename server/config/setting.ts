import { z } from 'zod'

/** One entry of the configuration: how it is checked and what it means. */
export interface Setting<S extends z.ZodType = z.ZodType> {
  schema: S
  doc: string
  example?: string
  /** The default in words, where it depends on the machine. */
  defaultWords?: string
  /** Also read from the file that NAME_FILE names; never printed. */
  secret?: boolean
  /** The file that NAME_FILE names need not be there: then it is as if nothing was given. */
  fileMayBeMissing?: boolean
}

/** Declares a setting; its text comes from the environment, so schemas start from strings. */
export function setting<S extends z.ZodType>(schema: S, about: Omit<Setting<S>, 'schema'>): Setting<S> {
  return { schema, ...about }
}

/** A whole number written in text. */
export function number({ min, max, fallback }: { min: number; max: number; fallback: number }) {
  return z
    .string()
    .regex(/^-?\d{1,15}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`))
    .default(fallback)
}

/** `true` or `false`. */
export function flag(fallback: boolean) {
  return z
    .enum(['true', 'false'])
    .default(fallback ? 'true' : 'false')
    .transform((text) => text === 'true')
}

/** Comma-separated words; empty text is an empty list. */
export function list() {
  return z
    .string()
    .default('')
    .transform((text) =>
      text
        .split(',')
        .map((word) => word.trim())
        .filter((word) => word.length > 0),
    )
}

/** A list whose every word is fit; `problem` says what is wrong with one, or answers undefined. */
export function listWhere(problem: (word: string) => string | undefined) {
  return list().superRefine((words, check) => {
    for (const word of words) {
      const text = problem(word)
      if (text !== undefined) check.addIssue(`"${word}" ${text}`)
    }
  })
}
