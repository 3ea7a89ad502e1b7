declare module '../../kernel/events.js' {
  interface Events {
    'workers.job.failed': { jobId: string; kind: string; reason: string }
  }
}
