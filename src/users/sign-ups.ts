import { Injectable } from '@nestjs/common';
import type { Actor } from '../audit/audit.service.js';
import { AccountSettings } from '../config/account-settings.js';
import { accompany, Database } from '../database/database.js';
import { Lists } from '../lists/lists.js';
import { Mails } from '../mail/mails.js';
import { invalidMember, problem } from '../problems.js';
import type { Origin } from '../request.js';
import { MailLimits } from './addresses/mail-limits.js';
import { requestedLocale } from './locales.js';
import { answerToCreation, type NewAccount, NewAccounts } from './new-accounts.js';
import { PasswordResets } from './passwords/password-resets.js';
import type { PasswordResetLinkDto } from './passwords/password-resets.dto.js';
import { Passwords } from './passwords/passwords.js';
import { Registrations } from './registrations.js';
import type { UserRow } from './users.dto.js';
import type { CreateUserDto, RegisterDto } from './user-requests.dto.js';

/** A new account, and the link to choose a password, if it is to be handed over. */
export interface CreatedUser {
  user: UserRow;
  passwordReset?: PasswordResetLinkDto | undefined;
}

/** Creating accounts: by registration, or by an admin. */
@Injectable()
export class SignUps {
  constructor(
    private readonly newAccounts: NewAccounts,
    private readonly registrations: Registrations,
    private readonly passwords: Passwords,
    private readonly resets: PasswordResets,
    private readonly limits: MailLimits,
    private readonly mails: Mails,
    private readonly database: Database,
    private readonly lists: Lists,
    private readonly settings: AccountSettings,
  ) {}

  /**
   * Registers an account.
   * @returns null where it isn't disclosed whether the address was free
   * @throws Problem 403 `registration_closed`, 409 `email_taken`, `username_taken`, 422 on a weak password, 429
   */
  async register({ locale, password, ...dto }: RegisterDto, origin: Origin): Promise<UserRow | null> {
    const { registration, registrationReveals } = this.settings;
    if (registration !== 'open') throw problem('registration_closed');
    const user = await this.registrations.run(origin, async () => {
      const passwordHash = await this.passwords.hashNew(password, { context: dto, signal: origin.signal });
      const account = { ...accountOf(dto), email: dto.email, passwordHash, locale: requestedLocale(locale, origin) };
      return registrationReveals ? this.registerOpenly(account, origin) : this.registerQuietly(account, origin);
    });
    this.lists.changed('users');
    return user;
  }

  /**
   * Creates an account for somebody else; without a password, with a link to choose one.
   * @throws Problem 409 `email_taken`, `username_taken`, 422 on a weak password, 503 `mail_not_configured`
   */
  async create(dto: CreateUserDto, call: Actor): Promise<CreatedUser> {
    assertConsistent(dto);
    const { password, deliver = this.resets.defaultDelivery } = dto;
    const account = { ...accountOf(dto), kind: dto.kind, email: dto.email ?? null, role: dto.role, isActive: dto.is_active, locale: dto.locale, isVerified: dto.email_verified === true }; // prettier-ignore
    const created =
      password === undefined && dto.kind !== 'service'
        ? await this.createWithoutPassword(account, deliver, call)
        : {
            user: await this.newAccounts.create(
              { ...account, passwordHash: await this.hashOf(dto, call) },
              { mail: true },
              call,
            ),
          };
    this.lists.changed('users');
    return created;
  }

  private async createWithoutPassword(
    account: Omit<NewAccount, 'passwordHash'>,
    deliver: 'mail' | 'link',
    call: Actor,
  ): Promise<CreatedUser> {
    if (deliver === 'mail') this.mails.assertConfigured();
    return this.database.transaction(async (db) => {
      const user = await this.newAccounts.create({ ...account, passwordHash: null }, { mail: false, db }, call);
      const link = await this.resets.open(user.id, { deliver, db }, call);
      await accompany(db, answerToCreation(call)?.([user]));
      return { user, passwordReset: deliver === 'link' ? (link ?? undefined) : undefined };
    }, 'users');
  }

  private async hashOf({ email = '', username, password }: CreateUserDto, { signal }: Actor): Promise<string | null> {
    return password === undefined ? null : this.passwords.hashNew(password, { context: { email, username }, signal });
  }

  /** The mail is sent if the limits of the mailbox allow it, and counts only if the account is created. */
  private async registerOpenly(account: RegisteredAccount, origin: Origin): Promise<UserRow> {
    const mail = await this.limits.reserveMail('verify', account.email);
    try {
      const user = await this.newAccounts.register(account, { mail: mail !== null }, origin);
      await mail?.count();
      return user;
    } finally {
      await mail?.release(); // has no effect once counted
    }
  }

  /** Runs the same statements for a free address and a taken one. */
  private async registerQuietly(account: RegisteredAccount, origin: Origin): Promise<null> {
    const free = await this.limits.reserveMail('verify', account.email);
    const taken = await this.limits.reserveMail('already_registered', account.email);
    try {
      const isMade = await this.newAccounts.registerQuietly(
        account,
        { free: free !== null, taken: taken !== null },
        origin,
      );
      await (isMade ? free : taken)?.count();
      return null;
    } finally {
      await free?.release();
      await taken?.release();
    }
  }
}

type RegisteredAccount = NewAccount & { email: string };

const accountOf = ({
  username,
  display_name,
  profile_picture_url,
}: Pick<CreateUserDto, 'username' | 'display_name' | 'profile_picture_url'>) => ({
  username,
  displayName: display_name,
  profilePictureUrl: profile_picture_url,
});

/** A person has an address; a service has neither address nor password. @throws Problem 422 */
function assertConsistent({ kind = 'person', email, password, deliver, email_verified }: CreateUserDto): void {
  if (kind === 'person') {
    if (email === undefined) throw invalidMember('/email', 'required', 'is missing');
    if (deliver !== undefined && password !== undefined) throw invalidMember('/deliver', 'without_password', 'is for an account without a password only'); // prettier-ignore
    return;
  }
  const forPeople = Object.entries({ email, password, deliver, email_verified }).find(
    ([, value]) => value !== undefined,
  );
  if (forPeople)
    throw invalidMember(`/${forPeople[0]}`, 'for_people', 'is for people only: a service has access tokens');
}
