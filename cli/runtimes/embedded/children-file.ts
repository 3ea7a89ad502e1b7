import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ProcessIdentity } from '../../deployment/process-identity.js'

/** A running child as the supervisor last saw it; read when the supervisor itself is gone. */
export interface ChildRecord extends ProcessIdentity {
  name: string
}

/** What outlives a supervisor: its children and the last thing that went wrong with each. */
export interface SupervisorMemory {
  children: ChildRecord[]
  lastErrors: Record<string, string>
}

/** Saves the memory at once: a supervisor killed the next moment still leaves it whole. */
export function saveMemory(runFolder: string, memory: SupervisorMemory): void {
  const path = join(runFolder, 'children.json')
  writeFileSync(`${path}.tmp`, JSON.stringify(memory), { mode: 0o600 })
  renameSync(`${path}.tmp`, path)
}

/** Reads the memory; empty when there is none. */
export function loadMemory(runFolder: string): SupervisorMemory {
  try {
    return JSON.parse(readFileSync(join(runFolder, 'children.json'), 'utf8')) as SupervisorMemory
  } catch {
    return { children: [], lastErrors: {} }
  }
}
