import { type DatabaseLogin, withClient } from './database/open-client.js'

const UNTIL_SERVED_S = 60

/** Takes what callers are told, and for how many seconds. */
const REST_ON_TRIAL = `insert into installation_state as s (key, value)
  values ('maintenance', jsonb_build_object('message', $1::text, 'retry_after_s', $2::integer, 'since', clock_timestamp(), 'trial', true))`

/**
 * Has the installation whose database this is rest from its first moment: nothing is delivered, fired or written by callers,
 * operators included, since the data is on trial.
 */
export async function beginRest(login: DatabaseLogin, message: string): Promise<void> {
  await withClient(login, (client) =>
    client.query(`${REST_ON_TRIAL} on conflict (key) do update set value = excluded.value`, [
      message,
      UNTIL_SERVED_S,
    ]),
  )
}

/**
 * Puts the database of an installation on trial, which rests from then on if it did not. What callers are told stays as it is
 * where it did; tells whether.
 */
export async function beginTrial(login: DatabaseLogin, message: string): Promise<{ rested: boolean }> {
  return withClient(login, async (client) => {
    const { rows } = await client.query(
      `${REST_ON_TRIAL}
       on conflict (key) do update set value = s.value || '{"trial": true}'
       returning xmax <> 0 as rested`,
      [message, UNTIL_SERVED_S],
    )
    return { rested: (rows[0] as { rested: boolean }).rested }
  })
}

/** Ends the trial: the data is there to stay. It goes on to rest, as by `vetrai maintenance on`. */
export async function endTrial(login: DatabaseLogin): Promise<void> {
  await withClient(login, (client) =>
    client.query("update installation_state set value = value - 'trial' where key = 'maintenance'"),
  )
}

/** Ends that rest; servers notice within a second. */
export async function endRest(login: DatabaseLogin): Promise<void> {
  await withClient(login, (client) =>
    client.query("delete from installation_state where key = 'maintenance'"),
  )
}
