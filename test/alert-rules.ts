import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'

/** What Prometheus is given: its configuration and rules. */
export const PROMETHEUS = join(fileURLToPath(import.meta.url), '../../../compose/prometheus')

export interface Alert {
  alert: string
  expr: string
  labels: { severity: string }
  annotations: { summary: string; description: string; runbook_url: string }
}

export interface Recording {
  record: string
  expr: string
}

/** Every alert and every recorded series of compose/prometheus/rules. */
export function readRules(): { alerts: Alert[]; recordings: Recording[] } {
  const folder = join(PROMETHEUS, 'rules')
  const rules = readdirSync(folder).flatMap((file) => {
    const { groups } = parse(readFileSync(join(folder, file), 'utf8')) as {
      groups: { rules: (Alert | Recording)[] }[]
    }
    return groups.flatMap((group) => group.rules)
  })
  return {
    alerts: rules.filter((rule) => 'alert' in rule),
    recordings: rules.filter((rule) => 'record' in rule),
  }
}
