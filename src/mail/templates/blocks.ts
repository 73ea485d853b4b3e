/** Blocks that several mails share. */
import { inert } from '../inert.js';
import { coarseNetwork, deviceOf } from '../origin.js';
import type { Block, MailContext } from './mail.js';

export const text = (text: string): Block => ({ kind: 'text', text });

export const button = ({ say }: MailContext, label: string, url: string): Block => ({
  kind: 'button',
  label,
  url,
  hint: say.sentence('link.hint'),
});

/** The button with the challenge's link, if there is one. */
export const linkButton = (context: MailContext, label: string): Block[] =>
  context.link ? [button(context, label, context.link)] : [];

export const code = ({ say, code }: MailContext): Block[] =>
  code ? [{ kind: 'code', label: say.sentence('code.label'), code }] : [];

type Row = [label: string, value: string];

/** A table of facts. Rows without a value are left out. */
export function facts(context: MailContext, ...more: (Row | undefined)[]): Block {
  const { say, words, at } = context;
  const rows: (Row | undefined)[] = [
    words.username ? [say.sentence('facts.account'), context.username] : undefined,
    ...more,
    [say.sentence('facts.when'), say.moment(at)],
    ...whereFrom(context),
  ];
  return { kind: 'facts', rows: rows.filter((row) => row !== undefined) };
}

function whereFrom({ say, words }: MailContext): (Row | undefined)[] {
  const network = coarseNetwork(words.ip ?? '');
  const { browser, system } = deviceOf(words.user_agent);
  const device = browser && system ? say.sentence('facts.device.both', { browser, system }) : (browser ?? system);
  return [
    network ? [say.sentence('facts.network'), network] : undefined,
    device ? [say.sentence('facts.device'), device] : undefined,
  ];
}

/** A row with a user-chosen name. */
export const named = (label: string, value: string | undefined): Row | undefined =>
  value ? [label, inert(value)] : undefined;

/** A button to the page for resetting the password, without a token. */
export const resetButton = (context: MailContext): Block =>
  button(context, context.say.sentence('button.reset_password'), context.page('/reset-password'));

/** "Wasn't it you?", with a button to reset the password. */
export const notYou = (context: MailContext): Block[] => [
  text(context.say.sentence('not_you.reset')),
  resetButton(context),
];
