import type { Catalogue } from './catalogue.js';

/** German. */
export const de = {
  'footer.sent_by': 'Diese Mail hat {app} an {email} geschickt.',
  'footer.why.account':
    'Sie kommt, weil du dort ein Konto hast. Mails zu dessen Sicherheit lassen sich nicht abstellen.',
  'footer.why.asked':
    'Sie kommt, weil jemand dort diese Adresse angegeben hat. Warst du das nicht, kommt nichts weiter.',
  'footer.why.invited': 'Sie kommt, weil {inviter} diese Adresse eingeladen hat.',
  'footer.why.admin': 'Sie kommt, weil du dich um {app} kümmerst.',
  'facts.account': 'Konto',
  'facts.when': 'Wann',
  'facts.network': 'Netz',
  'facts.device': 'Gerät',
  'facts.device.both': '{browser} unter {system}',
  'facts.address': 'Adresse',
  'facts.old_address': 'Von',
  'facts.new_address': 'Auf',
  'facts.name': 'Name',
  'facts.role': 'Rolle',
  'facts.expires': 'Endet',
  'facts.reason': 'Grund',
  'facts.webhook': 'Webhook',
  'role.user': 'Benutzer',
  'role.admin': 'Administrator',
  'code.label': 'Dein Code',
  'link.hint': 'Oder öffne diesen Link:',
  'not_you.reset': 'Warst du das nicht? Dann wähle sofort ein neues Passwort: Das beendet alle Sitzungen der anderen.',
  'not_you.ask':
    'Stimmt das nicht? Dann frag, wer sich um {app} kümmert. Kennt vielleicht jemand dein Passwort, wähle ein neues.',
  'button.reset_password': 'Passwort zurücksetzen',
  'button.sign_in': 'Anmelden',

  'verify.subject': '{code} ist dein Code für {app}',
  'verify.preheader': 'Bestätige, dass diese Adresse dir gehört.',
  'verify.title': 'Bestätige deine Adresse',
  'verify.intro':
    'Jemand hat sich mit dieser Adresse bei {app} registriert, als {username}. Warst du das, dann bestätige es mit diesem Code oder dem Knopf.',
  'verify.lifetime': 'Code und Link gelten bis {until}, auch nach einer zweiten Mail wie dieser.',
  'verify.not_you':
    'Warst du das nicht? Öffne den Link und sag es dort; dann wird das Konto entfernt. Gib den Code an niemanden weiter.',
  'verify.button': 'Adresse bestätigen',

  'already_registered.subject': 'Du hast schon ein Konto',
  'already_registered.preheader': 'Jemand wollte sich mit deiner Adresse registrieren.',
  'already_registered.title': 'Du hast schon ein Konto',
  'already_registered.intro':
    'Jemand wollte sich bei {app} mit dieser Adresse registrieren, aber sie hat schon ein Konto. Nichts wurde geändert.',
  'already_registered.forgot':
    'Warst du das? Dann melde dich an, oder wähle ein neues Passwort, falls du deines vergessen hast.',
  'already_registered.not_you': 'Warst du das nicht, musst du nichts tun.',

  'reset.subject': 'Setze dein Passwort zurück',
  'reset.preheader': 'Ein Link und ein Code für ein neues Passwort.',
  'reset.title': 'Wähle ein neues Passwort',
  'reset.intro':
    'Jemand hat für {username} bei {app} ein neues Passwort verlangt. Warst du das, dann wähle eines mit dem Knopf, oder tippe diesen Code ein.',
  'reset.intro.admin':
    'Die Verwaltung von {app} bittet dich, für {username} ein neues Passwort zu wählen. Nimm den Knopf, oder tippe diesen Code ein.',
  'reset.lifetime': 'Code und Link gelten einmal, bis {until}.',
  'reset.not_you':
    'Warst du das nicht? Dann tu nichts: Dein Passwort bleibt, wie es ist. Gib den Code an niemanden weiter.',
  'reset.button': 'Neues Passwort wählen',

  'change.subject': 'Bestätige deine neue Adresse',
  'change.preheader': 'Dein Konto soll diese Adresse verwenden.',
  'change.title': 'Bestätige deine neue Adresse',
  'change.intro':
    'Das Konto {username} bei {app} soll diese Adresse verwenden. Bestätige sie mit diesem Code oder dem Knopf.',
  'change.lifetime': 'Code und Link gelten bis {until}. Bis dahin bleibt die alte Adresse.',
  'change.not_you': 'Warst du das nicht? Dann tu nichts, und nichts ändert sich.',
  'change.button': 'Adresse bestätigen',

  'email_change_requested.subject': 'Deine Adresse wird geändert',
  'email_change_requested.preheader': 'Jemand, der dein Passwort kennt, hat das verlangt.',
  'email_change_requested.title': 'Deine Adresse wird geändert',
  'email_change_requested.intro':
    'Das Konto {username} bei {app} soll eine andere Adresse bekommen, sobald deren Postfach sie bestätigt.',
  'email_change_requested.not_you':
    'Warst du das nicht? Nimm es mit diesem Knopf zurück, bis {until}. Das beendet auch alle Sitzungen und entwertet das Passwort: Wer das war, kennt es.',

  'email_changed.subject': 'Deine Adresse wurde geändert',
  'email_changed.preheader': 'Dein Konto verwendet von nun an eine andere Adresse.',
  'email_changed.title': 'Deine Adresse wurde geändert',
  'email_changed.intro': 'Das Konto {username} bei {app} verwendet von nun an eine andere Adresse.',
  'email_changed.intro.admin': 'Die Verwaltung hat die Adresse des Kontos {username} bei {app} geändert.',
  'email_changed.here': 'Mails zum Konto {username} bei {app} kommen von nun an hierher.',
  'email_changed.not_you':
    'Warst du das nicht? Nimm es mit diesem Knopf zurück, bis {until}. Das beendet auch alle Sitzungen und entwertet das Passwort: Wer das war, kennt es.',
  'button.revert': 'Das war ich nicht',

  'address_in_use.subject': 'Jemand wollte deine Adresse verwenden',
  'address_in_use.preheader': 'Nichts wurde geändert.',
  'address_in_use.title': 'Jemand wollte deine Adresse verwenden',
  'address_in_use.intro':
    'Jemand wollte diese Adresse bei {app} für ein anderes Konto verwenden. Sie gehört schon dir, also wurde nichts geändert.',
  'address_in_use.ask':
    'Warst du das? Diese Adresse gehört zu deinem Konto {username}. Ändere erst jenes, oder nimm eine andere Adresse.',

  'invitation.subject': 'Du bist zu {app} eingeladen',
  'invitation.preheader': 'Wähle ein Passwort, und du bist dabei.',
  'invitation.title': 'Du bist zu {app} eingeladen',
  'invitation.intro': '{inviter} lädt dich zu {app} ein.',
  'invitation.intro.nobody': 'Du bist zu {app} eingeladen.',
  'invitation.lifetime': 'Die Einladung gilt für {email} und lässt sich einmal annehmen, bis {until}.',
  'invitation.not_you':
    'Hast du das nicht erwartet, dann tu nichts. Leite diese Mail nicht weiter: Wer den Link öffnet, bekommt das Konto.',
  'invitation.button': 'Annehmen',

  'new_sign_in.subject': 'Neue Anmeldung',
  'new_sign_in.preheader': 'Von einem Gerät oder Netz, das du noch nicht benutzt hast.',
  'new_sign_in.title': 'Neue Anmeldung',
  'new_sign_in.intro':
    'Jemand hat sich bei {app} als {username} angemeldet, von einem Gerät und aus einem Netz, die wir bei dir noch nicht gesehen haben.',
  'new_sign_in.you': 'Warst du das, musst du nichts tun.',

  'password_changed.subject': 'Dein Passwort wurde geändert',
  'password_changed.preheader': 'Alle anderen Sitzungen wurden beendet.',
  'password_changed.title': 'Dein Passwort wurde geändert',
  'password_changed.intro':
    'Das Passwort von {username} bei {app} wurde geändert. Alle anderen Sitzungen wurden beendet.',

  'password_reset.subject': 'Dein Passwort wurde zurückgesetzt',
  'password_reset.preheader': 'Alle Sitzungen wurden beendet.',
  'password_reset.title': 'Dein Passwort wurde zurückgesetzt',
  'password_reset.intro':
    'Für {username} bei {app} wurde ein neues Passwort gewählt, mit einem Link oder Code aus einer Mail an diese Adresse. Alle Sitzungen wurden beendet.',

  'session_theft.subject': 'Eine gestohlene Sitzung wurde beendet',
  'session_theft.preheader': 'Jemand hat eine Kopie deiner Sitzung benutzt.',
  'session_theft.title': 'Eine gestohlene Sitzung wurde beendet',
  'session_theft.intro':
    'Eine Sitzung von {username} bei {app} wurde zweimal benutzt: von dir und von jemandem mit einer Kopie. Sie wurde beendet; melde dich neu an.',
  'session_theft.advice':
    'Wie kommt man an eine Kopie? Durch eine bösartige Browser-Erweiterung, einen gemeinsamen Rechner oder eine Sicherung, die andere lesen können. Wähle ein neues Passwort, wenn du nicht weißt, wie es geschah.',

  'account_deleted.subject': 'Dein Konto wurde gelöscht',
  'account_deleted.subject.purge': 'Dein Konto wird am {date} gelöscht',
  'account_deleted.preheader': 'Noch kannst du es behalten.',
  'account_deleted.title': 'Dein Konto wurde gelöscht',
  'account_deleted.intro': 'Du hast das Konto {username} bei {app} gelöscht. Alle seine Sitzungen wurden beendet.',
  'account_deleted.intro.admin':
    'Die Verwaltung hat das Konto {username} bei {app} gelöscht. Alle seine Sitzungen wurden beendet.',
  'account_deleted.purge': 'Am {date} wird es endgültig entfernt, mit allem, was dazu gehört.',
  'account_deleted.keep':
    'Hast du es dir anders überlegt, oder warst du das nicht? Dann behalte es mit diesem Knopf, bis {until}. Du meldest dich an wie zuvor.',
  'account_deleted.button': 'Konto behalten',

  'account_restored.subject': 'Dein Konto ist wieder da',
  'account_restored.preheader': 'Du meldest dich an wie zuvor.',
  'account_restored.title': 'Dein Konto ist wieder da',
  'account_restored.intro':
    'Das Konto {username} bei {app} wurde wiederhergestellt. Du meldest dich an wie zuvor; frühere Sitzungen bleiben beendet.',

  'role_changed.subject': 'Deine Rolle wurde geändert',
  'role_changed.preheader': 'Das war die Verwaltung.',
  'role_changed.title': 'Deine Rolle wurde geändert',
  'role_changed.intro': 'Die Verwaltung hat geändert, was {username} bei {app} darf.',

  'account_deactivated.subject': 'Dein Konto wurde stillgelegt',
  'account_deactivated.preheader': 'Das war die Verwaltung.',
  'account_deactivated.title': 'Dein Konto wurde stillgelegt',
  'account_deactivated.intro':
    'Die Verwaltung hat das Konto {username} bei {app} stillgelegt. Seine Sitzungen wurden beendet, und niemand kann sich anmelden.',

  'factor.totp': 'Authenticator-App',
  'factor.passkey': 'Passkey',
  'factor.recovery_codes': 'Wiederherstellungscodes',
  'facts.factor': 'Art',
  'factor_added.subject': 'Deine Anmeldung wurde geändert',
  'factor_added.preheader': 'Etwas kam hinzu, das dein Konto öffnet.',
  'factor_added.title': 'Ein Nachweis für die Anmeldung kam hinzu',
  'factor_added.intro': 'Beim Konto {username} bei {app} kam etwas hinzu, das beweist, wer sich anmeldet.',
  'factor_removed.subject': 'Deine Anmeldung wurde geändert',
  'factor_removed.preheader': 'Etwas wurde entfernt, das dein Konto schützte.',
  'factor_removed.title': 'Ein Nachweis für die Anmeldung wurde entfernt',
  'factor_removed.intro': 'Beim Konto {username} bei {app} wurde etwas entfernt, das bewies, wer sich anmeldet.',
  'factors_reset.subject': 'Deine zweiten Faktoren wurden entfernt',
  'factors_reset.preheader': 'Das war die Verwaltung.',
  'factors_reset.title': 'Deine zweiten Faktoren wurden entfernt',
  'factors_reset.intro':
    'Die Verwaltung hat beim Konto {username} bei {app} alles entfernt, was neben dem Passwort verlangt wurde, und alle Sitzungen beendet.',
  'factors_reset.advice':
    'Melde dich an und richte wieder einen zweiten Faktor ein. Hast du nicht darum gebeten? Dann wähle ein neues Passwort, und sag es dem, der sich um {app} kümmert.',

  'recovery_code_used.subject': 'Ein Wiederherstellungscode wurde benutzt',
  'recovery_code_used.preheader': 'Statt deines zweiten Faktors.',
  'recovery_code_used.title': 'Ein Wiederherstellungscode wurde benutzt',
  'recovery_code_used.intro':
    'Jemand hat sich bei {app} als {username} angemeldet, mit einem Wiederherstellungscode statt des zweiten Faktors.',
  'recovery_codes.left': 'Verbleibende Wiederherstellungscodes: {left}.',
  'recovery_codes_low.subject': 'Nur noch wenige Wiederherstellungscodes',
  'recovery_codes_low.preheader': 'Erzeuge neue, solange du kannst.',
  'recovery_codes_low.title': 'Nur noch wenige Wiederherstellungscodes',
  'recovery_codes_low.intro':
    'Die Wiederherstellungscodes von {username} bei {app} sind fast aufgebraucht. Erzeuge neue, solange du angemeldet bist.',

  'wrong_second_factor.subject': 'Mehrmals ein falscher zweiter Faktor',
  'wrong_second_factor.preheader': 'Jemand scheint dein Passwort zu kennen.',
  'wrong_second_factor.title': 'Jemand scheint dein Passwort zu kennen',
  'wrong_second_factor.intro':
    'Jemand hat das richtige Passwort von {username} bei {app} eingegeben und danach fünfmal einen falschen Code. Niemand kam hinein.',

  'facts.provider': 'Anbieter',
  'identity_linked.subject': 'Ein weiterer Weg zur Anmeldung kam hinzu',
  'identity_linked.preheader': '{provider} öffnet von nun an dein Konto.',
  'identity_linked.title': 'Ein weiterer Weg zur Anmeldung kam hinzu',
  'identity_linked.intro': 'Ein Konto bei {provider} öffnet von nun an {username} bei {app}.',
  'identity_unlinked.subject': 'Ein Weg zur Anmeldung wurde entfernt',
  'identity_unlinked.preheader': '{provider} öffnet dein Konto nicht mehr.',
  'identity_unlinked.title': 'Ein Weg zur Anmeldung wurde entfernt',
  'identity_unlinked.intro': 'Das Konto bei {provider} öffnet {username} bei {app} nicht mehr.',

  'token_created.subject': 'Ein Zugriffstoken wurde erzeugt',
  'token_created.preheader': 'Ein Programm kann für dich handeln.',
  'token_created.title': 'Ein Zugriffstoken wurde erzeugt',
  'token_created.intro': 'Damit kann ein Programm bei {app} als {username} handeln.',
  'token_revoked.subject': 'Ein Zugriffstoken wurde widerrufen',
  'token_revoked.preheader': 'Das Programm, das es hat, kann nicht mehr für dich handeln.',
  'token_revoked.title': 'Ein Zugriffstoken wurde widerrufen',
  'token_revoked.intro': 'Das Programm, das es hat, kann bei {app} nicht mehr als {username} handeln.',
  'token_expiring.subject': 'Ein Zugriffstoken läuft bald ab',
  'token_expiring.preheader': 'Das Programm, das es hat, wird dann abgewiesen.',
  'token_expiring.title': 'Ein Zugriffstoken läuft bald ab',
  'token_expiring.intro':
    'Danach kann das Programm, das es verwendet, bei {app} nicht mehr als {username} handeln. Erzeuge rechtzeitig ein neues.',

  'webhook_disabled.subject': 'Ein Webhook wurde abgeschaltet',
  'webhook_disabled.preheader': 'Sein Empfänger antwortet nicht.',
  'webhook_disabled.title': 'Ein Webhook wurde abgeschaltet',
  'webhook_disabled.intro':
    'Der Empfänger eines Webhooks von {app} hat lange nichts mehr angenommen, deshalb wird nichts mehr dorthin geschickt. Bring ihn in Ordnung, dann schalte ihn wieder ein.',

  'test.subject': 'Mail von {app} kommt an',
  'test.preheader': 'Eine Probe, um die jemand gebeten hat.',
  'test.title': 'Mail von {app} kommt an',
  'test.intro':
    'Das ist die Probe, um die die Verwaltung gebeten hat. Wenn du sie lesen kannst, funktioniert der Versand.',
} satisfies Catalogue;
