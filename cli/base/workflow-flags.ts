import { requiredArg } from './flags.js'

/** The workflow a command is about. */
export const workflowArg = requiredArg('name or id of the workflow')

/** The run a command is about. */
export const runArg = requiredArg('id of the run')
