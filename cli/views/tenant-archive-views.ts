import type { ErasedTenant, ExportedTenant, ImportedTenant } from '../operations/tenant-archives.js'
import { fields } from './fields.js'
import { bytes, count } from './format.js'
import type { View } from './view.js'

/** A tenant that was written into a file. */
export const exportedTenantView: View<ExportedTenant> = (exported, paint) =>
  [
    `${paint.green('✓')} All data of ${paint.bold(exported.tenant)} is in ${exported.file} (${bytes(exported.size_bytes)}).`,
    exported.encrypted
      ? paint.dim('It is encrypted, and has the secrets that the tenant stored.')
      : paint.yellow('It is not encrypted, so the secrets that the tenant stored are not in it.'),
  ].join('\n')

/** A tenant that came in. */
export const importedTenantView: View<ImportedTenant> = (imported, paint) => {
  const sum = (field: 'imported' | 'present' | 'skipped') =>
    imported.tables.reduce((total, table) => total + table[field], 0)
  const { people, objects, audit, notes } = imported
  return [
    imported.dry_run
      ? `${paint.yellow('!')} Nothing was changed. The import of ${paint.bold(imported.tenant.slug)} would have done this:`
      : `${paint.green('✓')} ${paint.bold(imported.tenant.slug)} is here.`,
    '',
    fields(
      [
        ['id', imported.tenant.id],
        ['rows', `${count(sum('imported'), 'row')} came in, ${sum('present')} stayed as they were`],
        ['skipped', sum('skipped') > 0 ? `${count(sum('skipped'), 'row')}, see below` : null],
        ['people', `${people.matched} were here, ${people.created} are new and have no password yet`],
        ['objects', `${objects.stored} came in, ${objects.kept} stayed, ${objects.removed} went`],
        ['audit chain', `${audit.chain} (${count(audit.lines, 'line')})`],
      ],
      paint,
    ),
    ...(notes.length > 0 ? ['', ...notes.map((note) => `${paint.yellow('!')} ${note}`)] : []),
  ].join('\n')
}

/** A tenant that is gone, with its certificate. */
export const erasedTenantView: View<ErasedTenant> = ({ text, file }, paint) =>
  [text, `${paint.green('✓')} The signed certificate is in ${file}. Keep it.`].join('\n')
