import { useEffect, useRef, useState } from 'preact/hooks';
import type { UserHubProblem } from '../../client/src/problem.ts';
import type { TokenPair } from '../../client/src/schema.d.ts';
import { hub, keepFresh, post } from './hub.ts';
import { texts } from './texts.ts';
import { openDialog } from './ui/dialog.tsx';
import { Field, Form } from './ui/form.tsx';
import { isProblem } from './ui/problem.ts';

/** Asks who is there. Who is no admin is refused by whoever asks next who it was. */
export function SignIn({ reason }: { reason?: string }) {
  const [needsCode, setNeedsCode] = useState(false);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${texts.signIn.title} · UserHub`;
    document.querySelector<HTMLElement>('input')?.focus();
  }, []);
  useEffect(() => {
    if (needsCode) document.querySelector<HTMLElement>('[name=otp]')?.focus();
  }, [needsCode]);

  const signIn = async ({ name = '', password = '', otp }: Record<string, string>) => {
    const who = name.includes('@') ? { email: name.trim() } : { username: name.trim() };
    const credentials = { ...who, password, ...(otp ? { otp: otp.replaceAll(' ', '') } : {}) };
    try {
      await hub.signIn(credentials as Parameters<typeof hub.signIn>[0]);
    } catch (problem) {
      if (!isProblem(problem) || (problem.code as string) !== 'mfa_required') throw problem;
      setNeedsCode(true);
    }
  };
  return (
    <main class="sign-in">
      <div class="card">
        <p class="logo">UserHub</p>
        <h1 ref={heading} tabIndex={-1}>
          {texts.signIn.title}
        </h1>
        {reason && (
          <p class="banner" role="status">
            {reason}
          </p>
        )}
        <Form
          act={texts.signIn.act}
          submit={signIn}
          refuse={(values) =>
            Object.fromEntries(
              ['name', 'password', 'otp']
                .filter((field) => values[field] === '')
                .map((field) => [field, texts.required]),
            )
          }
        >
          <Field name="name" label={texts.signIn.name} autoComplete="username" />
          <PasswordField name="password" label={texts.signIn.password} />
          {needsCode && (
            <Field name="otp" label={texts.signIn.code} hint={texts.signIn.codeHint} autoComplete="one-time-code" />
          )}
        </Form>
      </div>
    </main>
  );
}

function PasswordField({ name, label, first }: { name: string; label: string; first?: boolean }) {
  const [isShown, setShown] = useState(false);
  return (
    <Field name={name} label={label} type={isShown ? 'text' : 'password'} autoComplete="current-password" first={first}>
      <button type="button" class="small" aria-pressed={isShown} onClick={() => setShown(!isShown)}>
        {texts.signIn.show}
      </button>
    </Field>
  );
}

/** Asks for the password, or for a code by those who have a second factor. Returns whether a fresh token is held now. */
export async function askForFreshSignIn(problem: UserHubProblem): Promise<boolean> {
  const methods = methodsOf(problem);
  const usesCode = methods ? methods.some((method) => method !== 'password') : false;
  const done = await openDialog<boolean>((close) => (
    <Form
      act={texts.stepUp.act}
      cancel={() => close()}
      submit={async ({ current_password, code = '' }) => {
        const proof = usesCode ? codeOf(code) : { current_password };
        await keepFresh(await post<TokenPair>('/api/auth/step-up', proof));
        close(true);
      }}
    >
      <h2>{texts.stepUp.title}</h2>
      <p>{usesCode ? texts.stepUp.code : texts.stepUp.password}</p>
      {usesCode ? (
        <Field name="code" label={texts.signIn.code} hint={texts.signIn.codeHint} autoComplete="one-time-code" first />
      ) : (
        <PasswordField name="current_password" label={texts.signIn.password} first />
      )}
    </Form>
  ));
  return done ?? false;
}

/** Six digits are a code of the app; anything longer is a recovery code. */
const codeOf = (text: string) => {
  const code = text.replaceAll(/\s/g, '');
  return /^\d{6}$/.test(code) ? { code } : { recovery_code: code };
};

function methodsOf(problem: UserHubProblem): string[] | undefined {
  return (problem as UserHubProblem & { stepUp?: { methods?: string[] } }).stepUp?.methods;
}
