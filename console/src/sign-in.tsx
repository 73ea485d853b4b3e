import { useEffect, useState } from 'preact/hooks';
import type { TokenPair } from '../../client/src/schema.d.ts';
import { type ApiProblem, askFirst, keepFresh, post, signIn } from './hub.ts';
import { texts } from './texts.ts';
import { openDialog } from './ui/dialog.tsx';
import { Field, Form } from './ui/form.tsx';
import { Button } from './ui/pieces.tsx';
import { isProblem } from './ui/problem.ts';
import { attempt } from './ui/status.tsx';

const t = texts.signIn;
type Pending = NonNullable<ApiProblem['body']>['mfa'];
type Values = Record<string, string>;

/** Asks who is there, and for the second factor of those who have one. Who is no admin is refused by whoever asks next. */
export function SignIn({ reason }: { reason?: string }) {
  const [pending, setPending] = useState<Pending>();
  useEffect(() => {
    document.title = `${t.title} · UserHub`;
    document.querySelector<HTMLElement>('main input')?.focus();
  }, [pending]);

  const first = async ({ name = '', password = '' }: Values) => {
    const who = name.includes('@') ? { email: name.trim() } : { username: name.trim() };
    try {
      await signIn('/api/auth/login', { ...who, password });
    } catch (problem) {
      const mfa = isProblem(problem) ? (problem as ApiProblem).body?.mfa : undefined;
      if (!mfa?.methods.length) throw problem;
      setPending(mfa);
    }
  };
  const second = (proof: object) => signIn('/api/auth/mfa/verify', { mfa_token: pending?.token, ...proof });
  const byPasskey = async () => {
    const path = pending ? 'mfa/passkey-options' : 'passkeys/sign-in-options';
    const proof = await passkey(await askFirst<object>(`/api/auth/${path}`, { mfa_token: pending?.token }));
    await (pending ? second({ passkey: proof }) : signIn('/api/auth/passkeys/sign-in', { credential: proof }));
  };
  const usePasskey = <Button act={() => attempt(byPasskey)}>{t.passkey}</Button>;
  return (
    <main class="sign-in">
      <div class="card">
        <p class="logo">UserHub</p>
        <h1 tabIndex={-1}>{t.title}</h1>
        {reason && (
          <p class="banner" role="status">
            {reason}
          </p>
        )}
        {pending ? (
          <Form
            act={t.act}
            cancel={() => setPending(undefined)}
            submit={({ code = '' }) => second(proofOf(code))}
            refuse={missing('code')}
          >
            <Field name="code" label={t.code} hint={t.codeHint} autoComplete="one-time-code" />
            {pending.methods.includes('passkey') && usePasskey}
          </Form>
        ) : (
          <Form act={t.act} submit={first} refuse={missing('name', 'password')}>
            <Field name="name" label={t.name} autoComplete="username" />
            <PasswordField name="password" />
            {usePasskey}
          </Form>
        )}
      </div>
    </main>
  );
}

const missing =
  (...fields: string[]) =>
  (values: Values): Values =>
    Object.fromEntries(fields.filter((field) => !values[field]).map((field) => [field, texts.required]));

function PasswordField({ name, first }: { name: string; first?: boolean }) {
  const [isShown, setShown] = useState(false);
  const type = isShown ? 'text' : 'password';
  return (
    <Field name={name} label={t.password} type={type} autoComplete="current-password" first={first}>
      <button type="button" class="small" aria-pressed={isShown} onClick={() => setShown(!isShown)}>
        {t.show}
      </button>
    </Field>
  );
}

/** Asks for the password, or for a second factor by those who have one. Returns whether a fresh token is held now. */
export async function askForFreshSignIn({ body }: ApiProblem): Promise<boolean> {
  const methods = body?.step_up?.methods ?? ['password'];
  const usesPassword = methods.includes('password');
  const prove = async (proof: object) => keepFresh(await post<TokenPair>('/api/auth/step-up', proof));
  const done = await openDialog<boolean>((close) => (
    <Form
      act={texts.stepUp.act}
      cancel={() => close()}
      submit={async ({ current_password, code = '' }) => {
        await prove(usesPassword ? { current_password } : proofOf(code));
        close(true);
      }}
    >
      <h2>{texts.stepUp.title}</h2>
      <p>{usesPassword ? texts.stepUp.password : texts.stepUp.code}</p>
      {usesPassword ? (
        <PasswordField name="current_password" first />
      ) : (
        <Field name="code" label={t.code} hint={t.codeHint} autoComplete="one-time-code" first />
      )}
      {methods.includes('passkey') && (
        <Button
          act={() =>
            attempt(async () => {
              await prove({ passkey: await passkey(await post<object>('/api/auth/step-up/passkey-options')) });
              close(true);
            })
          }
        >
          {t.passkey}
        </Button>
      )}
    </Form>
  ));
  return done ?? false;
}

/** Six digits are a code of the app; anything longer is a recovery code. */
const proofOf = (text: string) => {
  const code = text.replaceAll(/\s/g, '');
  return /^\d{6}$/.test(code) ? { code } : { recovery_code: code };
};

/** What the browser's passkey says to a challenge; an abort by the person is no failure of the server's. */
async function passkey(options: object): Promise<unknown> {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options as PublicKeyCredentialRequestOptionsJSON);
  return ((await navigator.credentials.get({ publicKey })) as PublicKeyCredential | null)?.toJSON();
}
