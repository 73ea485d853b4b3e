import type { Principal, Role } from '../request.js';
import { withVersion } from '../http/conditional-requests.js';
import type { PasswordResetLinkDto } from './passwords/password-resets.dto.js';
import type { User } from './user.entity.js';

/** What anybody who is signed in may see of a person. */
export class PublicUserDto {
  id: string;
  username: string;
  display_name: string | null;
  profile_picture_url: string | null;
  created_at: Date;
}

/** What people see of themselves, and admins of everybody. */
export class AccountDto extends PublicUserDto {
  /** null for a service account. */
  email: string | null;
  /** Whether somebody proved to read that mailbox. */
  email_verified: boolean;
  /** The address that it is being changed to, until it is confirmed from there. */
  pending_email: string | null;
  /** The language of mails (BCP 47); null means the request's, or the server's. */
  locale: string | null;
  role: Role;
  is_active: boolean;
  updated_at: Date;
  /** Whether the account has a password, or is only signed in to by a provider or a passkey. */
  has_password: boolean;
  /** Whether signing in takes a second factor. */
  mfa_enabled: boolean;
  /** Whether an admin has said that it must. */
  mfa_required: boolean;
}

/** What people see of themselves. */
export class UserDto extends AccountDto {
  /** For admins: when the user was deleted. */
  deleted_at?: Date | null;
  /** For admins: when the user last signed in. */
  last_login_at?: Date | null;
}

/** What admins see of everybody. */
export class AdminUserDto extends AccountDto {
  /** When the user was deleted. */
  deleted_at: Date | null;
  /** When the user last signed in. */
  last_login_at: Date | null;
}

/** What is counted against an account now. */
export class ThrottleDto {
  /** Wrong guesses at the password; a right one makes them forgotten. */
  attempts: number;
  /** Until when somebody is held back; null when nobody is. */
  until: Date | null;
}

/** An account that was just made for somebody. */
export class CreatedUserDto extends AdminUserDto {
  /** For an account without a password, unless it was mailed: how the person chooses one. Shown once. */
  password_reset?: PasswordResetLinkDto;
}

/** An account as the application itself needs it. */
export type AccountRow = Omit<User, 'passwordHash' | 'sessionGeneration' | 'purgeAt'> & { hasPassword: boolean };
/** The columns that the answers to oneself and to admins are made of. */
export type UserRow = AccountRow & { pendingEmail: string | null };
/** The columns that the answers to everybody else are made of. */
export type PublicUserRow = Pick<UserRow, 'id' | 'username' | 'displayName' | 'profilePictureUrl' | 'createdAt'>;

/** The signed-in person, with all that answers about them need (`@ReadsAccount`). */
export type Me = UserRow & Principal & { ownRole?: Role };

/** The person as somebody else may see them: whole for admins, who get all columns; the public part for others. */
export const showUser = (user: UserRow, me: Principal): UserDto | PublicUserDto =>
  me.role === 'admin' ? toUserDto(user, me) : toPublicUserDto(user);

/** The whole person, for themselves and for admins. */
export function toUserDto(user: UserRow & { ownRole?: Role }, viewer: Pick<Principal, 'role'> = user): UserDto {
  const dto: UserDto = {
    id: user.id,
    email: user.email,
    email_verified: user.emailVerifiedAt !== null,
    pending_email: user.pendingEmail,
    locale: user.locale,
    username: user.username,
    display_name: user.displayName,
    profile_picture_url: user.profilePictureUrl,
    role: user.ownRole ?? user.role,
    is_active: user.isActive,
    created_at: user.createdAt,
    updated_at: user.updatedAt,
    has_password: user.hasPassword,
    mfa_enabled: user.mfaEnabled,
    mfa_required: user.mfaRequired,
  };
  if (viewer.role === 'admin') {
    dto.deleted_at = user.deletedAt;
    dto.last_login_at = user.lastLoginAt;
  }
  return withVersion(dto, resourceOf(user));
}

/** The whole person, with what only admins see. */
export const toAdminUserDto = (user: UserRow): AdminUserDto => toUserDto(user, { role: 'admin' }) as AdminUserDto;

/** An account that was just made for somebody, with the link that lets them in, if it is to be handed over. */
export function toCreatedUserDto(user: UserRow, passwordReset: PasswordResetLinkDto | undefined): CreatedUserDto {
  const dto: CreatedUserDto = toAdminUserDto(user);
  if (!passwordReset) return dto;
  return withVersion({ ...dto, password_reset: passwordReset }, { ...resourceOf(user), isSecret: true });
}

/** The public part of a person. */
function toPublicUserDto(user: PublicUserRow & { version?: number }): PublicUserDto {
  const dto = {
    id: user.id,
    username: user.username,
    display_name: user.displayName,
    profile_picture_url: user.profilePictureUrl,
    created_at: user.createdAt,
  };
  return user.version === undefined ? dto : withVersion(dto, resourceOf({ id: user.id, version: user.version }));
}

const resourceOf = ({ id, version }: Pick<UserRow, 'id' | 'version'>) => ({ version, path: `/api/users/${id}` });
