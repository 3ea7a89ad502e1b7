import { mkdir, writeFile } from 'node:fs/promises'
import { cpus, release } from 'node:os'
import { join } from 'node:path'

/** One line of the result: a figure, what it is compared with, and what it should be. */
export interface Figure {
  name: string
  /** The figure that has the target, e.g. a ratio. */
  value: number
  unit: 'x' | 's' | 'ms' | 'MB' | '/s'
  target: { atLeast: number } | { atMost: number }
  /** The raw figures behind it. */
  detail: Record<string, number>
}

/** Whether a figure is where it should be. */
export function meets({ value, target }: Figure): boolean {
  return 'atLeast' in target ? value >= target.atLeast : value <= target.atMost
}

/** Prints the figures as a table. */
export function printTable(figures: readonly Figure[]): void {
  const rows = figures.map((figure) => [
    figure.name,
    `${round(figure.value)} ${figure.unit}`,
    'atLeast' in figure.target ? `>= ${figure.target.atLeast}` : `<= ${figure.target.atMost}`,
    meets(figure) ? 'met' : 'MISSED',
    Object.entries(figure.detail)
      .map(([name, value]) => `${name} ${round(value)}`)
      .join(', '),
  ])
  const table = [['figure', 'measured', 'target', 'verdict', 'from'], ...rows]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)))
  for (const row of table)
    console.log(
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
}

/** Writes the figures with the machine they were taken on; answers the path. */
export async function writeResult(figures: readonly Figure[]): Promise<string> {
  const folder = join(process.cwd(), 'bench', 'results')
  await mkdir(folder, { recursive: true })
  const takenAt = new Date().toISOString()
  const machine = {
    cpu: cpus()[0]?.model ?? '',
    cores: cpus().length,
    kernel: release(),
    node: process.version,
  }
  const body = {
    taken_at: takenAt,
    machine,
    figures: figures.map((figure) => ({ ...figure, met: meets(figure) })),
  }
  const path = join(folder, `${takenAt.replaceAll(':', '-').slice(0, 19)}.json`)
  await writeFile(path, `${JSON.stringify(body, null, 2)}\n`)
  return path
}

function round(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3)
}
