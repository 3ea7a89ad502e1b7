/** Every stable code an object store call can fail with. */
export type ObjectStoreCode =
  | 'object_store.not_found'
  | 'object_store.bad_key'
  | 'object_store.bad_input'
  | 'object_store.bad_range'
  | 'object_store.bad_cursor'
  | 'object_store.bad_signature'
  | 'object_store.expired'
  | 'object_store.too_large'
  | 'object_store.damaged'
  | 'object_store.unavailable'

/** A call to the object store that failed; `code` is stable, the message holds no path and no secret. */
export class ObjectStoreError extends Error {
  override readonly name = 'ObjectStoreError'
  readonly code: ObjectStoreCode

  constructor(code: ObjectStoreCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}

/** The error for a key that holds nothing. */
export function notFound(key: string): ObjectStoreError {
  return new ObjectStoreError('object_store.not_found', `There is no object ${key}.`)
}
