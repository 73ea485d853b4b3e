/** Mails about the address of an account. */
import { inert, plainText } from '../inert.js';
import { button, code, facts, linkButton, text } from './blocks.js';
import type { Template } from './mail.js';

export const verify: Template = (context) => {
  const { say, app, username, until } = context;
  return {
    subject: say.sentence('verify.subject', { code: context.code ?? '', app }),
    preheader: say.sentence('verify.preheader'),
    title: say.sentence('verify.title'),
    audience: 'asked',
    blocks: [
      text(say.sentence('verify.intro', { app, username })),
      ...code(context),
      ...linkButton(context, say.sentence('verify.button')),
      text(say.sentence('verify.lifetime', { until })),
      facts(context),
      text(say.sentence('verify.not_you')),
    ],
  };
};

export const alreadyRegistered: Template = (context) => {
  const { say, app, page } = context;
  return {
    subject: say.sentence('already_registered.subject'),
    preheader: say.sentence('already_registered.preheader'),
    title: say.sentence('already_registered.title'),
    audience: 'account',
    blocks: [
      text(say.sentence('already_registered.intro', { app })),
      facts(context),
      text(say.sentence('already_registered.forgot')),
      button(context, say.sentence('button.sign_in'), page('/sign-in')),
      button(context, say.sentence('button.reset_password'), page('/reset-password')),
      text(say.sentence('already_registered.not_you')),
    ],
  };
};

export const reset: Template = (context) => {
  const { say, app, username, until, words } = context;
  return {
    subject: say.sentence('reset.subject'),
    preheader: say.sentence('reset.preheader'),
    title: say.sentence('reset.title'),
    audience: 'account',
    blocks: [
      text(say.sentence(words.by_admin ? 'reset.intro.admin' : 'reset.intro', { app, username })),
      ...linkButton(context, say.sentence('reset.button')),
      ...code(context),
      text(say.sentence('reset.lifetime', { until })),
      facts(context),
      ...(words.by_admin ? [] : [text(say.sentence('reset.not_you'))]),
    ],
  };
};

/** To the new address; it doesn't mention the old one. */
export const change: Template = (context) => {
  const { say, app, username, until } = context;
  return {
    subject: say.sentence('change.subject'),
    preheader: say.sentence('change.preheader'),
    title: say.sentence('change.title'),
    audience: 'asked',
    blocks: [
      text(say.sentence('change.intro', { app, username })),
      ...code(context),
      ...linkButton(context, say.sentence('change.button')),
      text(say.sentence('change.lifetime', { until })),
      facts(context),
      text(say.sentence('change.not_you')),
    ],
  };
};

export const emailChangeRequested: Template = (context) => {
  const { say, app, username, until, words, email } = context;
  return {
    subject: say.sentence('email_change_requested.subject'),
    preheader: say.sentence('email_change_requested.preheader'),
    title: say.sentence('email_change_requested.title'),
    audience: 'account',
    blocks: [
      text(say.sentence('email_change_requested.intro', { app, username })),
      facts(
        context,
        [say.sentence('facts.old_address'), email],
        words.new_email ? [say.sentence('facts.new_address'), words.new_email] : undefined,
      ),
      ...(context.link ? [text(say.sentence('email_change_requested.not_you', { until }))] : []),
      ...linkButton(context, say.sentence('button.revert')),
    ],
  };
};

/** To the old address, with both addresses and a link to revert; to the new one, without mentioning the old one. */
export const emailChanged: Template = (context) => {
  const { say, app, username, until, words, email } = context;
  const isHere = words.new_email === email;
  const intro = words.by_admin ? 'email_changed.intro.admin' : 'email_changed.intro';
  return {
    subject: say.sentence('email_changed.subject'),
    preheader: say.sentence('email_changed.preheader'),
    title: say.sentence('email_changed.title'),
    audience: 'account',
    blocks: [
      text(say.sentence(isHere ? 'email_changed.here' : intro, { app, username })),
      isHere
        ? facts(context, [say.sentence('facts.address'), email])
        : facts(
            context,
            [say.sentence('facts.old_address'), email],
            words.new_email ? [say.sentence('facts.new_address'), words.new_email] : undefined,
          ),
      text(context.link ? say.sentence('email_changed.not_you', { until }) : say.sentence('not_you.ask', { app })),
      ...linkButton(context, say.sentence('button.revert')),
    ],
  };
};

export const addressInUse: Template = (context) => {
  const { say, app, username } = context;
  return {
    subject: say.sentence('address_in_use.subject'),
    preheader: say.sentence('address_in_use.preheader'),
    title: say.sentence('address_in_use.title'),
    audience: 'account',
    blocks: [
      text(say.sentence('address_in_use.intro', { app })),
      facts(context),
      text(say.sentence('address_in_use.ask', { username })),
    ],
  };
};

export const invitation: Template = (context) => {
  const { say, app, email, until, words } = context;
  const inviter = words.invited_by && inert(words.invited_by);
  const role = words.role === 'admin' || words.role === 'user' ? say.sentence(`role.${words.role}`) : words.role;
  return {
    subject: say.sentence('invitation.subject', { app }),
    preheader: say.sentence('invitation.preheader'),
    title: say.sentence('invitation.title', { app }),
    audience: 'invited',
    blocks: [
      text(
        inviter ? say.sentence('invitation.intro', { inviter, app }) : say.sentence('invitation.intro.nobody', { app }),
      ),
      ...(words.message ? [{ kind: 'quote', text: plainText(words.message) } as const] : []),
      ...linkButton(context, say.sentence('invitation.button')),
      text(say.sentence('invitation.lifetime', { email, until })),
      {
        kind: 'facts',
        rows: [
          [say.sentence('facts.address'), email],
          ...(role ? [[say.sentence('facts.role'), inert(role)] as [string, string]] : []),
        ],
      },
      text(say.sentence('invitation.not_you')),
    ],
  };
};
