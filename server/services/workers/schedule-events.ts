/** What is told of schedules; that one fired is told by its job. */
declare module '../../kernel/events.js' {
  interface Events {
    'workers.schedule.created': { scheduleId: string; name: string }
    'workers.schedule.updated': { scheduleId: string; fields: string[] }
    'workers.schedule.paused': { scheduleId: string }
    'workers.schedule.resumed': { scheduleId: string }
    'workers.schedule.deleted': { scheduleId: string; name: string }
  }
}

export type {}
