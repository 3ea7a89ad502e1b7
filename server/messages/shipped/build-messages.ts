import { writeShipped } from './write-shipped.js'

/** Build step: see writeShipped. */
await writeShipped()
