/** Plain HTML pages for links in mails, where no front end is configured: one form each; a code works without script. */
import { escapeHtml as escape, pagePolicy, plainPage as page } from '../../../http/plain-page.js';
import type { LinkPurpose } from '../../../mail/links.js';

interface Field {
  name: string;
  label: string;
  type?: string;
  autocomplete?: string;
  /** Shown only without a token: the script removes it when the link has one. */
  withCode?: boolean;
}

interface Form {
  title: string;
  button: string;
  fields: Field[];
  done: string;
}

const EMAIL: Field = { name: 'email', label: 'E-mail address', type: 'email', autocomplete: 'email', withCode: true };
const CODE: Field = { name: 'code', label: 'Code from the mail', autocomplete: 'one-time-code', withCode: true };
const PASSWORD: Field = {
  name: 'password',
  label: 'Your password',
  type: 'password',
  autocomplete: 'current-password',
};
const NEW_PASSWORD = { label: 'A new password', type: 'password', autocomplete: 'new-password' };

/** The form for each purpose of a link. */
export const FORMS: Record<LinkPurpose, Form> = {
  verify: { title: 'Confirm your address', button: 'Confirm address', fields: [EMAIL, CODE, PASSWORD], done: 'Your address is confirmed.' }, // prettier-ignore
  reset: { title: 'Choose a new password', button: 'Set password', fields: [EMAIL, CODE, { name: 'new_password', ...NEW_PASSWORD }], done: 'Your password is set. Sign in with it.' }, // prettier-ignore
  change: { title: 'Confirm your new address', button: 'Confirm address', fields: [{ ...EMAIL, label: 'The new e-mail address' }, CODE, PASSWORD], done: 'Your address is changed.' }, // prettier-ignore
  revert: { title: 'Take the change of your address back', button: 'This wasn’t me: take it back', fields: [], done: 'It is taken back. Choose a new password by the mail that is on its way.' }, // prettier-ignore
  invite: { title: 'Accept the invitation', button: 'Accept', fields: [{ name: 'username', label: 'Username', autocomplete: 'username' }, { name: 'display_name', label: 'Your name' }, { name: 'password', ...NEW_PASSWORD }], done: 'Your account is there. Sign in to it.' }, // prettier-ignore
  restore: {
    title: 'Keep your account',
    button: 'Keep my account',
    fields: [],
    done: 'Your account is back. Sign in to it.',
  },
};

/** The members that the forms may send. */
export const MEMBERS = ['token', 'email', 'code', 'password', 'new_password', 'username', 'display_name', 'action'];

/** Moves the token from the URL's fragment into the form, hides its field, and clears the fragment. */
const SCRIPT = `const t=/^#token=([\\w-]+)$/.exec(location.hash);if(t){document.querySelector('[name=token]').value=t[1];document.querySelector('.token').hidden=true;for(const e of document.querySelectorAll('.by-code'))e.remove();history.replaceState(null,'',location.pathname)}`;

/** Content-Security-Policy: the page's own inline style and script only, and forms to the same origin. */
export const POLICY = pagePolicy(SCRIPT);

/** The form of a purpose. @param failure a message to show */
export function formPage(
  purpose: LinkPurpose,
  { token = '', failure }: { token?: string; failure?: string } = {},
): string {
  const { title, button, fields } = FORMS[purpose];
  const inputs = fields.filter(({ withCode }) => !(withCode && token)).map(inputOf);
  const tokenField = token
    ? hidden('token', token)
    : `<label class="token">${fields.some(({ withCode }) => withCode) ? 'Or the token' : 'The token'} from the link <input name="token" autocomplete="off"></label>`;
  const denial =
    purpose === 'verify' ? '<button name="action" value="reject" formnovalidate>This wasn’t me</button>' : '';
  return page(
    title,
    `${failure ? `<p role="alert">${escape(failure)}</p>` : ''}<form method="post">${inputs.join('')}${tokenField}<button>${escape(button)}</button>${denial}</form>${token ? '' : `<script>${SCRIPT}</script>`}`,
  );
}

/** A second confirmation before an account is deleted: a mail scanner that submits every form must not delete it. */
export const denialPage = (token: string): string =>
  page(
    'This wasn’t you?',
    `<p>The account that was made with your address will be deleted.</p><form method="post">${hidden('token', token)}<button name="action" value="reject_surely">Delete that account</button></form>`,
  );

/** The page after a form was submitted successfully. */
export const donePage = (title: string, text: string): string => page(title, `<p role="status">${escape(text)}</p>`);

function inputOf({ name, label, type = 'text', autocomplete = 'off', withCode }: Field): string {
  const input = `<input name="${name}" type="${type}" autocomplete="${autocomplete}">`;
  return `<label${withCode ? ' class="by-code"' : ''}>${escape(label)} ${input}</label>`;
}

const hidden = (name: string, value: string) => `<input type="hidden" name="${name}" value="${escape(value)}">`;
