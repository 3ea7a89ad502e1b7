/** Names of the kinds of jobs, for those who ask for their schedules. */
export const CREATE = 'backups.create'
export const DRILL = 'backups.drill'
