import type { Paint } from './paint.js'

/** Turns a result into text for people. Pure: the same result and paint give the same text. */
export type View<T> = (result: T, paint: Paint) => string
