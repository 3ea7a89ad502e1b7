import type { Session, User } from '../clients/resources.js'
import { fields } from './fields.js'
import { time } from './format.js'
import { pageView } from './page-view.js'
import type { View } from './view.js'

/** People as a table. */
export const usersView = pageView<User>(
  [
    { heading: 'E-MAIL', cell: ({ email }) => email },
    { heading: 'NAME', cell: ({ name }) => name ?? '–' },
    { heading: 'ROLE', cell: (user) => roleOf(user) ?? '–' },
    { heading: 'STATUS', cell: ({ status }) => status },
    { heading: 'CREATED', cell: ({ created_at }) => time(created_at) },
    { heading: 'ID', cell: ({ id }) => id },
  ],
  'There is nobody here.',
)

/** One person. */
export const userView: View<User> = (user, paint) =>
  fields(
    [
      ['e-mail', paint.bold(user.email)],
      ['name', user.name],
      ['role', roleOf(user)],
      ['status', user.status === 'active' ? user.status : paint.yellow(user.status)],
      ['created', time(user.created_at)],
      ['id', user.id],
    ],
    paint,
  )

/** Sessions as a table. */
export const sessionsView = pageView<Session>(
  [
    { heading: 'SIGNED IN', cell: ({ created_at }) => time(created_at) },
    { heading: 'LAST USED', cell: ({ last_used_at }) => time(last_used_at) },
    { heading: 'ADDRESS', cell: ({ ip }) => ip },
    { heading: 'PROGRAM', cell: ({ user_agent }) => (user_agent ?? '–').slice(0, 40) },
    { heading: 'ID', cell: ({ id }) => id },
  ],
  'They are not signed in anywhere.',
)

function roleOf({ role, installation_role }: User): string | null {
  return role ?? installation_role
}
