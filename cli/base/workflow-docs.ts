import type { JsonDoc } from './json-doc.js'

export const workflowDoc: JsonDoc = {
  id: 'id of the workflow (UUID)',
  name: 'its name',
  description: 'what it is for',
  published_version: 'the version that runs get; null before the first',
  graph: 'the draft',
}

export const workflowVersionDoc: JsonDoc = {
  template_id: 'id of the workflow (UUID)',
  version: 'its number',
  note: 'what is new about it, or null',
  restored_from: 'the version it repeats, or null',
  published_by: 'who published it',
}

export const workflowRunDoc: JsonDoc = {
  id: 'id of the run (UUID)',
  template: 'name of the workflow',
  version: 'the version it keeps',
  status: 'queued, running, waiting, succeeded, failed or cancelled',
  output: 'what came of it; null before that',
  error: 'why it failed, or null',
  waiting_for: { '[]': 'what it waits for' },
  usage: { steps: 'steps taken', tokens: 'tokens of models', bytes: 'bytes put out' },
}

export const workflowStepDoc: JsonDoc = {
  step: 'id of the node',
  iteration: 'indices of the loops and branches around it',
  type: 'type of the node',
  status: 'running, waiting, succeeded, failed or cancelled',
  attempts: 'how often it was begun',
  input: 'what it was given',
  output: 'what came of it',
  duration_ms: 'how long it took; null before it is over',
}

export const workflowSecretDoc: JsonDoc = {
  name: 'its name',
  hosts: { '[]': 'the only hosts it is sent to' },
  updated_at: 'when it was last changed',
}
