/** A workflow under a name, as `/workers/v1/workflow-templates` presents it. */
export interface WorkflowTemplate {
  id: string
  name: string
  description: string
  graph: Record<string, unknown>
  published_version: number | null
  origin: string | null
  updated_at: string
  [field: string]: unknown
}

/** One thing wrong with a graph. */
export interface WorkflowProblem {
  pointer: string
  code: string
  message: string
}

/** What checking a graph found. */
export interface WorkflowVerdict {
  valid: boolean
  problems: WorkflowProblem[]
  step_bound: number | null
  depth: number | null
}

/** A published version of a workflow. */
export interface WorkflowVersion {
  template_id: string
  version: number
  note: string | null
  restored_from: number | null
  published_by: string
  created_at: string
  [field: string]: unknown
}

/** A workflow that comes with VetrAI. */
export interface CatalogueEntry {
  name: string
  title: string
  description: string
  needs: string[]
}

/** A secret of workflows, without its value. */
export interface WorkflowSecret {
  name: string
  hosts: string[]
  updated_at: string
  [field: string]: unknown
}

/** Something that a run waits for. */
export interface WorkflowWait {
  id: string
  step: string
  kind: string
  until: string | null
  title: string | null
  message: string | null
}

/** A run of a workflow. */
export interface WorkflowRun {
  id: string
  template: string
  version: number
  /** queued, running, waiting, succeeded, failed or cancelled */
  status: string
  output: unknown
  error: { code: string; message: string; step: string | null } | null
  waiting_for: WorkflowWait[]
  usage: { steps: number; tokens: number; bytes: number }
  created_at: string
  finished_at: string | null
  [field: string]: unknown
}

/** One execution of a node. */
export interface WorkflowStep {
  step: string
  iteration: string
  type: string
  status: string
  attempts: number
  tokens: number
  duration_ms: number | null
  error: { code: string; message: string } | null
  [field: string]: unknown
}

/** Something that happened in a run. */
export interface WorkflowEvent {
  sequence: number
  type: string
  step: string | null
  iteration: string | null
  data: Record<string, unknown>
  at: string
}
