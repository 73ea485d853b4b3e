/**
 * Notices: what happened to an account, when, from where, and what to do if it wasn't the owner. Their links change nothing
 * by themselves.
 */
import { facts, linkButton, named, notYou, resetButton, text } from './blocks.js';
import type { Block, MailContext, Template } from './mail.js';

/** Kinds whose sentences have no placeholders but the account's. */
type Plain =
  | 'new_sign_in'
  | 'password_changed'
  | 'password_reset'
  | 'session_theft'
  | 'account_restored'
  | 'role_changed'
  | 'account_deactivated'
  | 'factor_added'
  | 'factor_removed'
  | 'factors_reset'
  | 'recovery_code_used'
  | 'recovery_codes_low'
  | 'wrong_second_factor'
  | 'token_created'
  | 'token_revoked'
  | 'token_expiring';

type Rows = (context: MailContext) => Parameters<typeof facts>[1][];
type Ending = (context: MailContext) => Block[];

const none: Rows = () => [];

/** The template of a notice: its sentence, its facts, and what to do. */
function notice(kind: Plain, rows: Rows = none, ending: Ending = notYou): Template {
  return (context) => {
    const { say, app, username } = context;
    return {
      subject: say.sentence(`${kind}.subject`),
      preheader: say.sentence(`${kind}.preheader`),
      title: say.sentence(`${kind}.title`),
      audience: 'account',
      blocks: [
        text(say.sentence(`${kind}.intro`, { app, username })),
        facts(context, ...rows(context)),
        ...ending(context),
      ],
    };
  };
}

const role: Rows = ({ say, words }) => [
  words.role === 'admin' || words.role === 'user'
    ? [say.sentence('facts.role'), say.sentence(`role.${words.role}`)]
    : named(say.sentence('facts.role'), words.role),
];

const factor: Rows = ({ say, words }) => [
  words.factor && [say.sentence('facts.factor'), say.sentence(`factor.${words.factor}`)],
  named(say.sentence('facts.name'), words.name),
];

const token: Rows = ({ say, words }) => [
  named(say.sentence('facts.name'), words.name),
  words.expires_at ? [say.sentence('facts.expires'), say.moment(new Date(words.expires_at))] : undefined,
];

const codesLeft: Ending = ({ say, words }) =>
  words.left === undefined ? [] : [text(say.sentence('recovery_codes.left', { left: say.number(words.left) }))];

/** For what an admin did: only an admin can say whether it is right. */
const askAdmin: Ending = (context) => [
  text(context.say.sentence('not_you.ask', { app: context.app })),
  resetButton(context),
];

const both =
  (...endings: Ending[]): Ending =>
  (context) =>
    endings.flatMap((ending) => ending(context));

const nothing: Ending = () => [];

export const newSignIn = notice(
  'new_sign_in',
  none,
  both(({ say }) => [text(say.sentence('new_sign_in.you'))], notYou),
);
export const passwordChanged = notice('password_changed');
export const passwordReset = notice('password_reset');
export const sessionTheft = notice(
  'session_theft',
  none,
  both(({ say }) => [text(say.sentence('session_theft.advice'))], notYou),
);
export const accountRestored = notice('account_restored');
export const roleChanged = notice('role_changed', role, askAdmin);
export const accountDeactivated = notice('account_deactivated', none, askAdmin);
export const factorAdded = notice('factor_added', factor);
export const factorRemoved = notice('factor_removed', factor);
export const factorsReset = notice('factors_reset', none, (context) => [
  text(context.say.sentence('factors_reset.advice', { app: context.app })),
  resetButton(context),
]);
export const recoveryCodeUsed = notice('recovery_code_used', none, both(codesLeft, notYou));
export const recoveryCodesLow = notice('recovery_codes_low', none, codesLeft);
export const wrongSecondFactor = notice('wrong_second_factor');
export const tokenCreated = notice('token_created', token);
export const tokenRevoked = notice('token_revoked', token);
export const tokenExpiring = notice('token_expiring', token, nothing);

export const accountDeleted: Template = (context) => {
  const { say, app, username, until, words, link } = context;
  const purge = words.purge_at ? new Date(words.purge_at) : undefined;
  return {
    subject: purge
      ? say.sentence('account_deleted.subject.purge', { date: say.day(purge, { year: false }) })
      : say.sentence('account_deleted.subject'),
    preheader: link ? say.sentence('account_deleted.preheader') : '',
    title: say.sentence('account_deleted.title'),
    audience: 'account',
    blocks: [
      text(say.sentence(words.by_admin ? 'account_deleted.intro.admin' : 'account_deleted.intro', { app, username })),
      ...(purge ? [text(say.sentence('account_deleted.purge', { date: say.day(purge) }))] : []),
      facts(context),
      ...(link ? [text(say.sentence('account_deleted.keep', { until }))] : []),
      ...linkButton(context, say.sentence('account_deleted.button')),
      ...(link ? [] : [text(say.sentence('not_you.ask', { app })), resetButton(context)]),
    ],
  };
};

const identity =
  (kind: 'identity_linked' | 'identity_unlinked'): Template =>
  (context) => {
    const { say, app, username, words } = context;
    const [, provider] = named('', words.provider) ?? ['', '?'];
    return {
      subject: say.sentence(`${kind}.subject`),
      preheader: say.sentence(`${kind}.preheader`, { provider }),
      title: say.sentence(`${kind}.title`),
      audience: 'account',
      blocks: [
        text(say.sentence(`${kind}.intro`, { app, username, provider })),
        facts(context, [say.sentence('facts.provider'), provider]),
        ...notYou(context),
      ],
    };
  };

export const identityLinked = identity('identity_linked');
export const identityUnlinked = identity('identity_unlinked');

export const webhookDisabled: Template = (context) => {
  const { say, app, words } = context;
  return {
    subject: say.sentence('webhook_disabled.subject'),
    preheader: say.sentence('webhook_disabled.preheader'),
    title: say.sentence('webhook_disabled.title'),
    audience: 'admin',
    blocks: [
      text(say.sentence('webhook_disabled.intro', { app })),
      facts(
        context,
        words.url ? [say.sentence('facts.webhook'), words.url] : undefined,
        named(say.sentence('facts.reason'), words.reason),
      ),
    ],
  };
};

export const test: Template = (context) => {
  const { say, app } = context;
  return {
    subject: say.sentence('test.subject', { app }),
    preheader: say.sentence('test.preheader'),
    title: say.sentence('test.title', { app }),
    audience: 'admin',
    blocks: [text(say.sentence('test.intro')), facts(context)],
  };
};
