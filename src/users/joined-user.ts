/** The public side of a person beside a row of something else: an author, somebody who likes. */
import type { PublicUserDto } from './users.dto.js';

/** What a statement that joins `users u` selects of the person. */
export const JOINED_USER_COLUMNS = `u.id AS "userId", u.username, u.display_name AS "displayName",
  u.profile_picture_url AS "profilePictureUrl", u.created_at AS "userCreatedAt"`;

/** The condition that others may see the joined person. */
export const JOINED_USER_IS_VISIBLE = 'u.is_active AND u.deleted_at IS NULL';

/** A row with the joined person's columns. */
export interface JoinedUser {
  userId: string;
  username: string;
  displayName: string | null;
  profilePictureUrl: string | null;
  userCreatedAt: Date;
}

/** The public part of the joined person. */
export const joinedUserDto = (row: JoinedUser): PublicUserDto => ({
  id: row.userId,
  username: row.username,
  display_name: row.displayName,
  profile_picture_url: row.profilePictureUrl,
  created_at: row.userCreatedAt,
});
