import type { RouteRecord } from '../../kernel/define-route.js'
import * as account from './routes/account.js'
import * as credentials from './routes/credentials.js'
import * as installationKeys from './routes/installation-keys.js'
import * as signIn from './routes/sign-in.js'
import * as tokens from './routes/tokens.js'
import * as users from './routes/users.js'

/** Every route of the auth service. */
export const routes: readonly RouteRecord[] = [
  signIn.signupRoute,
  signIn.loginRoute,
  signIn.mfaLoginRoute,
  signIn.refreshRoute,
  signIn.logoutRoute,
  account.readMeRoute,
  account.updateMeRoute,
  account.changePasswordRoute,
  account.forgotPasswordRoute,
  account.resetPasswordRoute,
  account.reauthenticateRoute,
  account.verifyEmailRoute,
  account.resendVerificationRoute,
  account.switchTenantRoute,
  credentials.listSessionsRoute,
  credentials.revokeOtherSessionsRoute,
  credentials.revokeSessionRoute,
  credentials.createTokenRoute,
  credentials.listTokensRoute,
  credentials.revokeTokenRoute,
  credentials.createFactorRoute,
  credentials.listFactorsRoute,
  credentials.renewRecoveryCodesRoute,
  credentials.verifyFactorRoute,
  credentials.deleteFactorRoute,
  users.createUserRoute,
  users.listUsersRoute,
  users.readUserRoute,
  users.updateUserRoute,
  users.deleteUserRoute,
  users.setUserPasswordRoute,
  users.disableUserRoute,
  users.enableUserRoute,
  users.listUserSessionsRoute,
  users.revokeUserSessionsRoute,
  users.removeUserFactorsRoute,
  users.impersonateRoute,
  installationKeys.readInstallationKeysRoute,
  installationKeys.rotateSigningKeyRoute,
  installationKeys.rotateSealingKeyRoute,
  tokens.introspectRoute,
  tokens.revokeRoute,
  tokens.whyRoute,
  tokens.jwksRoute,
]
