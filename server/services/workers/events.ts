declare module '../../kernel/events.js' {
  interface Events {
    'workers.job.failed': { jobId: string; kind: string; reason: string }
    /** That a schedule fired is told by its job. */
    'workers.schedule.created': { scheduleId: string; name: string }
    'workers.schedule.updated': { scheduleId: string; fields: string[] }
    'workers.schedule.paused': { scheduleId: string }
    'workers.schedule.resumed': { scheduleId: string }
    'workers.schedule.deleted': { scheduleId: string; name: string }
  }
}
