/** Bytes of one step's output as JSON. */
export const STEP_OUTPUT_MAX = 262_144
/** Levels of an output. */
export const OUTPUT_DEPTH_MAX = 64
/** Bytes of a step's input or output that are kept to be shown. */
export const SHOWN_MAX = 16_384
/** How deep workflows may run in each other. */
export const DEPTH_MAX = 5
/** Executions that a step which ends its process gets. */
export const LOST_STARTS_MAX = 3

/** What a run may use, where its workflow says nothing, and at most. */
export const RUN_LIMITS = {
  max_steps: { standard: 1_000, most: 10_000 },
  max_tokens: { standard: 200_000, most: 10_000_000 },
  max_bytes: { standard: 16_777_216, most: 134_217_728 },
  timeout_s: { standard: 7 * 86_400, most: 90 * 86_400 },
} as const
