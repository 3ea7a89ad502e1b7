const CELLS = 12

/** How far a step is: a bar where the whole is known, then the words. */
export function progressBar({
  detail,
  done,
  total,
}: {
  detail: string
  done?: number
  total?: number
}): string {
  if (done === undefined || total === undefined || total <= 0) return detail
  const share = Math.min(1, Math.max(0, done / total))
  const full = Math.floor(share * CELLS)
  const percent = `${Math.floor(share * 100)} %`.padStart(5)
  return `${'█'.repeat(full)}${'░'.repeat(CELLS - full)} ${percent}  ${detail}`
}
