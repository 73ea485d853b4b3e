import type { Principal, Role } from '../request.js';
import { withVersion } from '../http/conditional-requests.js';
import type { PasswordResetLinkDto } from './passwords/password-resets.dto.js';
import type { User } from './user.entity.js';

/** A user as seen by others. @versioned */
export class PublicUserDto {
  id: string;
  username: string;
  display_name: string | null;
  profile_picture_url: string | null;
  created_at: Date;
}

/** The fields that users see of themselves, and admins of everybody. */
export class AccountDto extends PublicUserDto {
  /** null for a service account. */
  email: string | null;
  /** Whether the address is verified. @example true */
  email_verified: boolean;
  /** The new address of a change that isn't confirmed yet. */
  pending_email: string | null;
  /** The language of mails (BCP 47); null means the request's, or the server's. */
  locale: string | null;
  role: Role;
  is_active: boolean;
  updated_at: Date;
  /** Whether the account has a password; if not, it signs in by a provider or a passkey. */
  has_password: boolean;
  /** Whether signing in requires a second factor. */
  mfa_enabled: boolean;
  /** Whether an admin requires one. */
  mfa_required: boolean;
}

/** A user as seen by themselves. @versioned */
export class UserDto extends AccountDto {
  /** For admins: when the user was deleted. */
  deleted_at?: Date | null;
  /** For admins: when the user last signed in. */
  last_login_at?: Date | null;
}

/** A user as seen by admins. @versioned */
export class AdminUserDto extends AccountDto {
  /** When the user was deleted. */
  deleted_at: Date | null;
  /** When the user last signed in. */
  last_login_at: Date | null;
}

/** The counted failures of an account. */
export class ThrottleDto {
  /** Wrong passwords; a right one resets them. */
  attempts: number;
  /** Until when sign-in is blocked; null when it isn't. */
  until: Date | null;
}

/** An account that was just created for somebody. @versioned */
export class CreatedUserDto extends AdminUserDto {
  /** The link to choose a password, for an account without one, unless it was mailed. Shown once. */
  password_reset?: PasswordResetLinkDto;
}

/** An account as internal code needs it. */
export type AccountRow = Omit<User, 'passwordHash' | 'sessionGeneration' | 'purgeAt'> & { hasPassword: boolean };
/** The columns of the answers to oneself and to admins. */
export type UserRow = AccountRow & { pendingEmail: string | null };
/** The columns of the answers to everybody else. */
export type PublicUserRow = Pick<UserRow, 'id' | 'username' | 'displayName' | 'profilePictureUrl' | 'createdAt'>;

/** The signed-in user with all columns (`@ReadsAccount`). */
export type Me = UserRow & Principal & { ownRole?: Role };

/** A user as the caller may see them: in full for admins, who get all columns; the public fields for others. */
export const showUser = (user: UserRow, me: Principal): UserDto | PublicUserDto =>
  me.role === 'admin' ? toUserDto(user, me) : toPublicUserDto(user);

/** A user in full, for themselves and for admins. */
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

/** A user in full, with the fields for admins. */
export const toAdminUserDto = (user: UserRow): AdminUserDto => toUserDto(user, { role: 'admin' }) as AdminUserDto;

/** A new account, with the link to choose a password, if it is to be handed over. */
export function toCreatedUserDto(user: UserRow, passwordReset: PasswordResetLinkDto | undefined): CreatedUserDto {
  const dto: CreatedUserDto = toAdminUserDto(user);
  if (!passwordReset) return dto;
  return withVersion({ ...dto, password_reset: passwordReset }, { ...resourceOf(user), isSecret: true });
}

/** The public fields of a user. */
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
