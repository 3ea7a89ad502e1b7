import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ROLES } from './kernel/principal.js'
import { permissions } from './permissions.js'

/** The role × permission matrix as a page; deterministic, so that a test can tell whether the file is current. */
export function permissionsPage(): string {
  const head = `| permission | may | level | ${ROLES.join(' | ')} | subscriber | scope |`
  const rows = Object.entries(permissions).map(([name, row]) => {
    const marks = ROLES.map((role) => ((row.roles as readonly string[]).includes(role) ? '✓' : ''))
    marks.push('subscribers' in row ? '✓' : '')
    return `| \`${name}\` | ${row.may} | ${row.level} | ${marks.join(' | ')} | ${row.scope ? `\`${row.scope}\`` : '—'} |`
  })
  return `# Permissions

Who may do what. \`tenant\` permissions work inside one organisation, \`installation\` ones across all, \`self\` ones on
the caller's own account. An API key needs the scope (or a wildcard such as \`keys:*\` or \`*\`) and never has more
than its creator; permissions with — are not for keys. A subscriber is an end user of a tenant, by a token that the
tenant's backend asked for. Generated from \`server/permissions.ts\` by
\`npm run docs:permissions\`.

${head}
|${'---|'.repeat(ROLES.length + 5)}
${rows.join('\n')}
`
}

/** Where the page is kept. */
export const PERMISSIONS_PAGE = new URL('../../docs/reference/permissions.md', import.meta.url)

/** `npm run docs:permissions`: writes it anew. */
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(PERMISSIONS_PAGE, permissionsPage())
}
