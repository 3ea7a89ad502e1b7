import type { Api, Page } from '../clients/api.js'
import type { Schedule, ScheduleRuns, StartedJob } from '../clients/resources.js'
import { CliError } from '../deployment/errors.js'
import { collectPages, type PageRequest } from './collect-pages.js'

const SCHEDULES = '/workers/v1/schedules'
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const pathOf = (id: string) => `${SCHEDULES}/${encodeURIComponent(id)}`

/** When a schedule fires: by a pattern or by a rhythm. */
export interface ScheduleTimes {
  cron?: string
  every_s?: number
  time_zone?: string
  starts_at?: string | null
  ends_at?: string | null
}

/** What may be changed about a schedule. */
export interface ScheduleChanges extends ScheduleTimes {
  name?: string
  payload?: object
  catch_up?: string
  overlap?: string
}

export interface NewSchedule extends ScheduleChanges {
  name: string
  kind: string
  paused?: boolean
}

/** Which schedules to list. */
export interface ScheduleFilter {
  state?: string
  kind?: string
}

/** The schedules of the tenant the client acts in; without one, those of the installation itself. */
export function listSchedules(
  api: Api,
  page: PageRequest,
  filter: ScheduleFilter = {},
): Promise<Page<Schedule>> {
  return collectPages<Schedule>(api, SCHEDULES, page, { ...filter })
}

export function createSchedule(api: Api, schedule: NewSchedule): Promise<Schedule> {
  return api.post<Schedule>(SCHEDULES, schedule)
}

/** One schedule by id or by its name, which no other of the tenant has. */
export async function findSchedule(api: Api, idOrName: string): Promise<Schedule> {
  if (UUID.test(idOrName)) return api.get<Schedule>(pathOf(idOrName))
  const [schedule] = (await api.get<Page<Schedule>>(SCHEDULES, { name: idOrName, limit: 1 })).data
  if (schedule) return schedule
  throw new CliError({
    code: 'schedule_not_found',
    message: `No schedule is named ${idOrName}.`,
    next: 'See `vetrai schedules list`; with --tenant those of a tenant, without it those of the installation.',
  })
}

export function updateSchedule(api: Api, id: string, changes: ScheduleChanges): Promise<Schedule> {
  return api.patch<Schedule>(pathOf(id), changes)
}

/** Has it fire no more, or again from its next time on. Safe to repeat. */
export function setPaused(api: Api, id: string, paused: boolean): Promise<Schedule> {
  return api.post<Schedule>(`${pathOf(id)}/${paused ? 'pause' : 'resume'}`)
}

/** Makes its job now; its own times stay as they are. */
export function runSchedule(api: Api, id: string): Promise<StartedJob> {
  return api.post<StartedJob>(`${pathOf(id)}/run`)
}

/** Removes it for good; the jobs it made stay. */
export async function deleteSchedule(
  api: Api,
  { id, name }: Schedule,
): Promise<{ id: string; name: string; deleted: true }> {
  await api.delete(pathOf(id))
  return { id, name, deleted: true }
}

/** When a schedule fires next. */
export function nextRuns(api: Api, id: string, count: number): Promise<ScheduleRuns> {
  return api.get<ScheduleRuns>(`${pathOf(id)}/next-runs`, { count })
}

/** When it would fire; nothing is stored. */
export function previewTimes(api: Api, times: ScheduleTimes, count: number): Promise<ScheduleRuns> {
  return api.post<ScheduleRuns>(`${SCHEDULES}/preview`, { ...times, count })
}
