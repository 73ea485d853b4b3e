/** English: the reference for the other catalogues. `{name}` is a placeholder. */
export const en = {
  'footer.sent_by': 'This mail was sent by {app} to {email}.',
  'footer.why.account': 'You get it because you have an account there. Mails about its safety can’t be switched off.',
  'footer.why.asked':
    'You get it because somebody gave this address there. If it wasn’t you, there is nothing else to come.',
  'footer.why.invited': 'You get it because {inviter} invited this address.',
  'footer.why.admin': 'You get it because you look after {app}.',
  'facts.account': 'Account',
  'facts.when': 'When',
  'facts.network': 'Network',
  'facts.device': 'Device',
  'facts.device.both': '{browser} on {system}',
  'facts.address': 'Address',
  'facts.old_address': 'From',
  'facts.new_address': 'To',
  'facts.name': 'Name',
  'facts.role': 'Role',
  'facts.expires': 'Ends',
  'facts.reason': 'Reason',
  'facts.webhook': 'Webhook',
  'role.user': 'user',
  'role.admin': 'administrator',
  'code.label': 'Your code',
  'link.hint': 'Or open this link:',
  'not_you.reset': 'Wasn’t it you? Choose a new password at once: that ends everybody else’s sessions.',
  'not_you.ask':
    'Is that not right? Then ask whoever looks after {app}. If somebody else may know your password, choose a new one.',
  'button.reset_password': 'Reset password',
  'button.sign_in': 'Sign in',

  'verify.subject': '{code} is your code for {app}',
  'verify.preheader': 'Confirm that this address is yours.',
  'verify.title': 'Confirm your address',
  'verify.intro':
    'Somebody signed up for {app} with this address, as {username}. If it was you, confirm it with this code or the button.',
  'verify.lifetime': 'Code and link work until {until}, also after a second mail like this one.',
  'verify.not_you':
    'Wasn’t it you? Open the link and say so; then the account is removed. Don’t pass the code on to anybody.',
  'verify.button': 'Confirm address',

  'already_registered.subject': 'You already have an account',
  'already_registered.preheader': 'Somebody tried to sign up with your address.',
  'already_registered.title': 'You already have an account',
  'already_registered.intro':
    'Somebody tried to sign up for {app} with this address, but it has an account already. Nothing was changed.',
  'already_registered.forgot': 'Was it you? Then sign in, or choose a new password if you have forgotten yours.',
  'already_registered.not_you': 'If it wasn’t you, you need not do anything.',

  'reset.subject': 'Reset your password',
  'reset.preheader': 'A link and a code to choose a new password with.',
  'reset.title': 'Choose a new password',
  'reset.intro':
    'Somebody asked for a new password for {username} at {app}. If it was you, choose one with the button, or type this code.',
  'reset.intro.admin':
    'An administrator of {app} asked that you choose a new password for {username}. Do it with the button, or type this code.',
  'reset.lifetime': 'Code and link work once, until {until}.',
  'reset.not_you': 'Wasn’t it you? Then do nothing: your password stays as it is. Don’t pass the code on to anybody.',
  'reset.button': 'Choose a new password',

  'change.subject': 'Confirm your new address',
  'change.preheader': 'Your account is to use this address.',
  'change.title': 'Confirm your new address',
  'change.intro': 'The account {username} at {app} is to use this address. Confirm it with this code or the button.',
  'change.lifetime': 'Code and link work until {until}. Until then the old address stays.',
  'change.not_you': 'Wasn’t it you? Then do nothing, and nothing will change.',
  'change.button': 'Confirm address',

  'email_change_requested.subject': 'Your address is being changed',
  'email_change_requested.preheader': 'Somebody who knows your password asked for it.',
  'email_change_requested.title': 'Your address is being changed',
  'email_change_requested.intro':
    'The account {username} at {app} is to use another address, as soon as that mailbox confirms it.',
  'email_change_requested.not_you':
    'Wasn’t it you? Take it back with this button, until {until}. That also ends all sessions and makes the password useless: whoever did this knows it.',

  'email_changed.subject': 'Your address was changed',
  'email_changed.preheader': 'Your account uses another address from now on.',
  'email_changed.title': 'Your address was changed',
  'email_changed.intro': 'The account {username} at {app} uses another address from now on.',
  'email_changed.intro.admin': 'An administrator changed the address of the account {username} at {app}.',
  'email_changed.here': 'Mails about the account {username} at {app} go to this address from now on.',
  'email_changed.not_you':
    'Wasn’t it you? Take it back with this button, until {until}. That also ends all sessions and makes the password useless: whoever did this knows it.',
  'button.revert': 'This wasn’t me',

  'address_in_use.subject': 'Somebody tried to use your address',
  'address_in_use.preheader': 'Nothing was changed.',
  'address_in_use.title': 'Somebody tried to use your address',
  'address_in_use.intro':
    'Somebody wanted to use this address for another account at {app}. It is yours already, so nothing was changed.',
  'address_in_use.ask':
    'If it was you: this address belongs to your account {username}. Change that one first, or use another address.',

  'invitation.subject': 'You are invited to {app}',
  'invitation.preheader': 'Choose a password, and you are in.',
  'invitation.title': 'You are invited to {app}',
  'invitation.intro': '{inviter} invites you to {app}.',
  'invitation.intro.nobody': 'You are invited to {app}.',
  'invitation.lifetime': 'The invitation is for {email} and can be accepted once, until {until}.',
  'invitation.not_you':
    'If you didn’t expect this, do nothing. Don’t pass this mail on: whoever opens the link gets the account.',
  'invitation.button': 'Accept',

  'new_sign_in.subject': 'New sign-in',
  'new_sign_in.preheader': 'From a device or network that you haven’t used before.',
  'new_sign_in.title': 'New sign-in',
  'new_sign_in.intro':
    'Somebody signed in to {app} as {username}, from a device and a network that we haven’t seen with you before.',
  'new_sign_in.you': 'If it was you, you need not do anything.',

  'password_changed.subject': 'Your password was changed',
  'password_changed.preheader': 'All other sessions were ended.',
  'password_changed.title': 'Your password was changed',
  'password_changed.intro': 'The password of {username} at {app} was changed. All other sessions were ended.',

  'password_reset.subject': 'Your password was reset',
  'password_reset.preheader': 'All sessions were ended.',
  'password_reset.title': 'Your password was reset',
  'password_reset.intro':
    'A new password was chosen for {username} at {app}, with a link or a code from a mail to this address. All sessions were ended.',

  'session_theft.subject': 'A stolen session was ended',
  'session_theft.preheader': 'Somebody used a copy of your session.',
  'session_theft.title': 'A stolen session was ended',
  'session_theft.intro':
    'A session of {username} at {app} was used twice, by you and by somebody with a copy of it. It was ended; sign in anew.',
  'session_theft.advice':
    'How does one get a copy? By a malicious browser extension, a shared computer, or a backup that others can read. Choose a new password if you don’t know how it happened.',

  'account_deleted.subject': 'Your account was deleted',
  'account_deleted.subject.purge': 'Your account will be deleted on {date}',
  'account_deleted.preheader': 'You can still keep it.',
  'account_deleted.title': 'Your account was deleted',
  'account_deleted.intro': 'You deleted the account {username} at {app}. All its sessions were ended.',
  'account_deleted.intro.admin':
    'An administrator deleted the account {username} at {app}. All its sessions were ended.',
  'account_deleted.purge': 'On {date} it is removed for good, with all that belongs to it.',
  'account_deleted.keep':
    'Did you change your mind, or wasn’t it you? Then keep it with this button, until {until}. You sign in as before.',
  'account_deleted.button': 'Keep my account',

  'account_restored.subject': 'Your account is back',
  'account_restored.preheader': 'You sign in as before.',
  'account_restored.title': 'Your account is back',
  'account_restored.intro':
    'The account {username} at {app} was restored. You sign in as before; sessions from before stay ended.',

  'role_changed.subject': 'Your role was changed',
  'role_changed.preheader': 'An administrator did that.',
  'role_changed.title': 'Your role was changed',
  'role_changed.intro': 'An administrator changed what {username} may do at {app}.',

  'account_deactivated.subject': 'Your account was deactivated',
  'account_deactivated.preheader': 'An administrator did that.',
  'account_deactivated.title': 'Your account was deactivated',
  'account_deactivated.intro':
    'An administrator deactivated the account {username} at {app}. Its sessions were ended, and nobody can sign in to it.',

  'factor.totp': 'Authenticator app',
  'factor.passkey': 'Passkey',
  'factor.recovery_codes': 'Recovery codes',
  'facts.factor': 'Kind',
  'factor_added.subject': 'Signing in was changed',
  'factor_added.preheader': 'Something was added that opens your account.',
  'factor_added.title': 'A way to prove that it is you was added',
  'factor_added.intro': 'Something was added to {username} at {app} that proves who signs in.',
  'factor_removed.subject': 'Signing in was changed',
  'factor_removed.preheader': 'Something was removed that protected your account.',
  'factor_removed.title': 'A way to prove that it is you was removed',
  'factor_removed.intro': 'Something was removed from {username} at {app} that proved who signs in.',
  'factors_reset.subject': 'Your second factors were removed',
  'factors_reset.preheader': 'An administrator did that.',
  'factors_reset.title': 'Your second factors were removed',
  'factors_reset.intro':
    'An administrator removed everything that was asked for besides the password of {username} at {app}, and ended all sessions.',
  'factors_reset.advice':
    'Sign in and set up a second factor again. Didn’t you ask for this? Then choose a new password, and tell whoever looks after {app}.',

  'recovery_code_used.subject': 'A recovery code was used',
  'recovery_code_used.preheader': 'In place of your second factor.',
  'recovery_code_used.title': 'A recovery code was used',
  'recovery_code_used.intro':
    'Somebody signed in to {app} as {username} with a recovery code in place of the second factor.',
  'recovery_codes.left': 'Recovery codes left: {left}.',
  'recovery_codes_low.subject': 'Few recovery codes are left',
  'recovery_codes_low.preheader': 'Make new ones while you can.',
  'recovery_codes_low.title': 'Few recovery codes are left',
  'recovery_codes_low.intro':
    'The recovery codes of {username} at {app} are nearly used up. Make new ones while you are signed in.',

  'wrong_second_factor.subject': 'Wrong second factor, several times',
  'wrong_second_factor.preheader': 'Somebody seems to know your password.',
  'wrong_second_factor.title': 'Somebody seems to know your password',
  'wrong_second_factor.intro':
    'Somebody gave the right password of {username} at {app} and then five times a wrong code. Nobody got in.',

  'facts.provider': 'Provider',
  'identity_linked.subject': 'Another way to sign in was added',
  'identity_linked.preheader': '{provider} opens your account from now on.',
  'identity_linked.title': 'Another way to sign in was added',
  'identity_linked.intro': 'An account at {provider} opens {username} at {app} from now on.',
  'identity_unlinked.subject': 'A way to sign in was removed',
  'identity_unlinked.preheader': '{provider} doesn’t open your account any more.',
  'identity_unlinked.title': 'A way to sign in was removed',
  'identity_unlinked.intro': 'The account at {provider} doesn’t open {username} at {app} any more.',

  'token_created.subject': 'An access token was made',
  'token_created.preheader': 'A program can act for you.',
  'token_created.title': 'An access token was made',
  'token_created.intro': 'With it, a program can act as {username} at {app}.',
  'token_revoked.subject': 'An access token was revoked',
  'token_revoked.preheader': 'The program that has it can’t act for you any more.',
  'token_revoked.title': 'An access token was revoked',
  'token_revoked.intro': 'The program that has it can’t act as {username} at {app} any more.',
  'token_expiring.subject': 'An access token is about to end',
  'token_expiring.preheader': 'The program that has it will be refused.',
  'token_expiring.title': 'An access token is about to end',
  'token_expiring.intro':
    'From then on the program that uses it can’t act as {username} at {app} any more. Make another in time.',

  'webhook_disabled.subject': 'A webhook was switched off',
  'webhook_disabled.preheader': 'Its receiver doesn’t answer.',
  'webhook_disabled.title': 'A webhook was switched off',
  'webhook_disabled.intro':
    'The receiver of a webhook of {app} hasn’t taken anything for a long time, so nothing is sent there any more. Mend it, then switch it on again.',

  'test.subject': 'Mail from {app} arrives',
  'test.preheader': 'A test that somebody asked for.',
  'test.title': 'Mail from {app} arrives',
  'test.intro': 'This is the test that an administrator asked for. If you can read it, sending works.',
} as const;
