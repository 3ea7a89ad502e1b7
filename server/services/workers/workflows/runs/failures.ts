/** A run that must end, whatever its nodes would make of it: a bound of the whole was met. */
export class RunFailure extends Error {
  override readonly name = 'RunFailure'
  constructor(
    readonly code: string,
    message: string,
    readonly step: string | null = null,
  ) {
    super(message)
  }
}
