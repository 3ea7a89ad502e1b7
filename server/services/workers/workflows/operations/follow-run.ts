import type { Ctx } from '../../../../kernel/context.js'
import type { StreamHandle } from '../../../../kernel/define-stream.js'
import { follow } from '../../../../storage/follow.js'
import { type RunEvent, readEvents } from '../models/event.js'
import { presentEvent } from '../present.js'
import { RUN_CHANGED_TOPIC } from '../runs/run-news.js'
import type { RunEventType } from '../schemas.js'
import { readRun } from './read-runs.js'

/**
 * The events of a run, each once and in order: those there are after the last one that the client has, then each new
 * one, until the run is over. Null where there is nothing more to come.
 */
export async function followRun(ctx: Ctx, runId: string, { lastEventId, signal }: StreamHandle<string>) {
  const run = await readRun(ctx, runId)
  const after = Number(lastEventId ?? 0)
  if (run.finishedAt && after >= run.eventCount) return null
  const events = follow<RunEvent, number>({
    bus: ctx.bus,
    topic: RUN_CHANGED_TOPIC,
    means: (message) => message.includes(runId),
    after,
    read: (last, limit) => readEvents(ctx, runId, last, limit),
    cursorOf: ({ sequence }) => sequence,
    isLast: ({ type }) => /^run\.(succeeded|failed|cancelled)$/.test(type),
    signal,
  })
  return presented(events)
}

async function* presented(events: AsyncIterable<RunEvent>) {
  for await (const event of events)
    yield { id: String(event.sequence), event: event.type as RunEventType, data: presentEvent(event) }
}
