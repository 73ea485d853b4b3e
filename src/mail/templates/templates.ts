import type { MailKind } from '../kinds.js';
import * as addresses from './addresses.js';
import type { Template } from './mail.js';
import * as notices from './notices.js';

/** The template of each kind of mail. */
export const TEMPLATES: Record<MailKind, Template> = {
  verify: addresses.verify,
  already_registered: addresses.alreadyRegistered,
  reset: addresses.reset,
  change: addresses.change,
  email_change_requested: addresses.emailChangeRequested,
  email_changed: addresses.emailChanged,
  address_in_use: addresses.addressInUse,
  invitation: addresses.invitation,
  new_sign_in: notices.newSignIn,
  password_changed: notices.passwordChanged,
  password_reset: notices.passwordReset,
  session_theft: notices.sessionTheft,
  account_deleted: notices.accountDeleted,
  account_restored: notices.accountRestored,
  role_changed: notices.roleChanged,
  account_deactivated: notices.accountDeactivated,
  factor_added: notices.factorAdded,
  factor_removed: notices.factorRemoved,
  factors_reset: notices.factorsReset,
  recovery_code_used: notices.recoveryCodeUsed,
  recovery_codes_low: notices.recoveryCodesLow,
  wrong_second_factor: notices.wrongSecondFactor,
  identity_linked: notices.identityLinked,
  identity_unlinked: notices.identityUnlinked,
  token_created: notices.tokenCreated,
  token_revoked: notices.tokenRevoked,
  token_expiring: notices.tokenExpiring,
  webhook_disabled: notices.webhookDisabled,
  test: notices.test,
};
