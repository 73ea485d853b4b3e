/** The public fields of a user joined to another row: an author, or a user who likes. */
import type { PublicUserDto } from './users.dto.js';

/** The columns for a statement that joins `users u`. */
export const JOINED_USER_COLUMNS = `u.id AS "userId", u.username, u.display_name AS "displayName",
  u.profile_picture_url AS "profilePictureUrl", u.created_at AS "userCreatedAt"`;

/** Condition: the joined user is visible to others. */
export const JOINED_USER_IS_VISIBLE = 'u.is_active AND u.deleted_at IS NULL';

/** A row with the joined user's columns. */
export interface JoinedUser {
  userId: string;
  username: string;
  displayName: string | null;
  profilePictureUrl: string | null;
  userCreatedAt: Date;
}

/** The public fields of the joined user. */
export const joinedUserDto = (row: JoinedUser): PublicUserDto => ({
  id: row.userId,
  username: row.username,
  display_name: row.displayName,
  profile_picture_url: row.profilePictureUrl,
  created_at: row.userCreatedAt,
});
