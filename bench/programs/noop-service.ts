import { z } from 'zod'
import { defineJob } from '../../server/kernel/define-job.js'
import { defineService } from '../../server/kernel/define-service.js'

/** A job that does nothing, counted: what is left is the engine's own cost. */
export function noopService(onRun: (n: number) => void) {
  const noop = defineJob({
    name: 'bench.noop',
    payload: z.strictObject({ n: z.number() }),
    attempts: 3,
    timeoutMs: 30_000,
    safeToRepeat: 'it does nothing',
    run: async (_ctx, { n }) => onRun(n),
  })
  const service = defineService({
    name: 'bench',
    summary: 'Jobs that do nothing.',
    prefix: '/bench',
    needs: [],
    routes: [],
    jobs: [noop],
  })
  return { noop, service }
}
