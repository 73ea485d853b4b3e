import { SettingsError } from '../config/environment.js';
import { loadSettings, type Settings } from '../config/settings.js';
import { examineBreachedPasswords } from './doctor.breached.js';
import { examineDatabase } from './doctor.database.js';
import { examineMfaSettings } from './doctor.mfa.js';
import { examineMail } from './doctor.mail.js';
import { examineProviders } from './doctor.providers.js';
import { examineHashing, examineNode, examineSettings } from './doctor.settings.js';
import { explain, Failure } from './failures.js';
import { bad, type Finding } from './findings.js';
import { say, type Terminal } from './terminal.js';
import { withDatabase } from './with-app.js';

const MARKS = { good: '✓', doubtful: '!', bad: '✗' } satisfies Record<Finding['verdict'], string>;

/** `doctor`: a line per finding. @throws Failure when something must be fixed */
export async function doctor(terminal: Terminal): Promise<void> {
  let toFix = 0;
  for await (const { verdict, text, remedy } of examine(terminal)) {
    say(terminal, `${MARKS[verdict]} ${text}`);
    if (remedy) say(terminal, `    ${remedy}`);
    if (verdict === 'bad') toFix++;
  }
  if (toFix) throw new Failure(`${toFix} ${toFix === 1 ? 'thing' : 'things'} must be fixed.`);
}

async function* examine(terminal: Terminal): AsyncGenerator<Finding> {
  yield examineNode(process.versions.node);
  const settings = settingsOf(terminal);
  if (settings instanceof SettingsError) return yield* settings.problems.map((problem) => bad(problem));
  yield* examineSettings(settings);
  yield await examineHashing(settings);
  yield* await examineBreachedPasswords(settings);
  yield* examineMfaSettings(settings);
  yield* await examineMail(settings);
  yield* await examineProviders(settings);
  try {
    yield* await withDatabase(terminal, examineDatabase);
  } catch (error) {
    yield bad(explain(error)); // when an embedded database can't be started, the message says what to do
  }
}

function settingsOf({ env }: Terminal): Settings | SettingsError {
  try {
    return loadSettings(env);
  } catch (error) {
    if (error instanceof SettingsError) return error;
    throw error;
  }
}
