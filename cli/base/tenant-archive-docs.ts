import * as Flags from '@oclif/core/flags'
import { CONFLICT_RULES } from '../operations/tenant-archives.js'
import { confirmFlag } from './flags.js'

/** How a tenant comes in. */
export const arrivalFlags = {
  as: Flags.string({
    description:
      'make it another tenant, with this slug; API keys come along revoked and waiting work is cancelled',
    env: 'VETRAI_AS',
    helpValue: 'SLUG',
  }),
  conflict: Flags.option({ options: CONFLICT_RULES })({
    description:
      'where the tenant is here: refuse, add only rows that are missing, or put the archive in its place',
    env: 'VETRAI_CONFLICT',
    default: 'refuse',
  }),
  confirm: confirmFlag('the slug of the tenant whose data gives way (with --conflict replace)'),
  'dry-run': Flags.boolean({
    description: 'do it all and take it back, to see what it would do',
    env: 'VETRAI_DRY_RUN',
  }),
}

interface ArrivalGiven {
  as?: string | undefined
  conflict: (typeof CONFLICT_RULES)[number]
  confirm?: string | undefined
  'dry-run'?: boolean | undefined
}

/** The flags as operations take them. */
export const arrivalOf = (flags: ArrivalGiven) => ({
  ...(flags.as !== undefined && { as: flags.as }),
  ...(flags.confirm !== undefined && { confirm: flags.confirm }),
  conflict: flags.conflict,
  dry_run: flags['dry-run'] === true,
})

/** The shape of an imported tenant. */
export const importedTenantDoc = {
  tenant: { id: 'id of the tenant', slug: 'its slug' },
  dry_run: 'true when everything was taken back',
  tables: {
    '[]': {
      name: 'table',
      rows: 'rows in the archive',
      imported: 'rows that came in',
      present: 'rows that were here and stayed',
      skipped: 'rows that lack a value which the archive has not',
    },
  },
  people: { matched: 'people who were here', created: 'people who were made, without a password' },
  objects: { stored: 'objects that came in', kept: 'objects that were here', removed: 'objects that went' },
  audit: {
    chain: 'taken (continues here), kept (the chain here goes on from it) or attached (beside, as an object)',
    lines: 'lines of the archived chain',
    object: 'key of the object with the archived chain; null unless attached',
  },
  notes: { '[]': 'what to know of it' },
}
