/** Hands jobs to workers. Everything it does is a hint: the rows in PostgreSQL are the truth. */
export class Jobs {
  /** Tells workers of jobs that were just committed; `later` when they are not due yet. */
  offer(_queue: string, _tenantId: string, _ids: readonly string[], _later: Date | null): void {}
}
