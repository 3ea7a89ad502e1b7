/** An answer ready to be written. */
export interface Answer {
  status: number
  headers: Record<string, string>
  body: string | null
}
