import type { EventName, Events } from '../kernel/events.js'
import { newId } from '../kernel/ids.js'
import type { Resources } from '../kernel/resources.js'

/** Topic on which this process hears of each event it stored, after the commit. */
export const EVENT_STORED = 'outbox'

/** Stores an event with the open transaction and has it delivered after commit. Throws for one nobody declared. */
export async function storeEvent<N extends EventName>(
  resources: Resources,
  name: N,
  payload: Events[N],
  tenantId: string | null,
): Promise<void> {
  if (!resources.assembly.events.has(name))
    throw new TypeError(`the event "${name}" is not in the \`events\` of a service`)
  await resources.db.query({
    name: 'outbox-insert',
    text: 'insert into outbox (id, name, tenant_id, payload) values ($1, $2, $3, $4)',
    values: [newId(), name, tenantId, JSON.stringify(payload)],
  })
  resources.db.afterCommit(() => {
    resources.metrics.outboxStored.inc()
    resources.bus.tellHere(EVENT_STORED, name)
  })
}
