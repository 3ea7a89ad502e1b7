import { z } from 'zod'
import { defineJob } from '../../../kernel/define-job.js'
import { authState } from '../state.js'

/** Makes the next signing key in time and drops those nothing is verified with any more. */
export const rotateSigningKeys = defineJob({
  name: 'auth.rotate-signing-keys',
  payload: z.strictObject({}),
  attempts: 1,
  timeoutMs: 30_000,
  period: { everySeconds: 300 },
  safeToRepeat: 'adds a key only when one is due, under a lock',
  run: (ctx) => authState(ctx.resources).keyring.rotate(),
})
