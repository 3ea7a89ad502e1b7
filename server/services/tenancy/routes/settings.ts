import { can, defineRoute, unaudited } from '../../../kernel/define-route.js'
import { tenancyErrors } from '../errors.js'
import { changeSettings, readSettings } from '../operations/change-settings.js'
import { settingsPatch, settingsView } from '../schemas.js'

const getSettingsRoute = defineRoute({
  id: 'getTenantSettings',
  method: 'get',
  path: '/settings',
  summary: 'Read the settings',
  access: can('tenancy.settings.read'),
  limit: 'read',
  audit: unaudited('reading changes nothing'),
  input: {},
  output: settingsView,
  etag: true,
  handler: (ctx) => readSettings(ctx),
})

const updateSettingsRoute = defineRoute({
  id: 'updateTenantSettings',
  method: 'patch',
  path: '/settings',
  summary: 'Change the settings',
  description:
    'The body is a JSON merge patch (RFC 7396): members set to null are removed, objects merge, the rest replaces.',
  access: can('tenancy.tenant.update'),
  limit: 'write',
  audit: { action: 'tenant.settings_changed' },
  input: { body: settingsPatch },
  output: settingsView,
  errors: [tenancyErrors.SettingsTooLarge],
  handler: (ctx, { body }) => changeSettings(ctx, body),
})

/** Free-form settings of the organisation. */
export const settingsRoutes = [getSettingsRoute, updateSettingsRoute]
