import { Optional, StringField } from '../../http/fields.js';
import type { EventDto } from '../../audit/audit.dto.js';
import type { Role } from '../../request.js';
import type { UserDto } from '../users.dto.js';

/** The proof that it is one's own account. */
export class ExportOwnDataDto {
  /** Left out by accounts without a password: these must have signed in just now. */
  @Optional()
  @StringField()
  current_password?: string;
}

/** A session that is still kept, over or not. */
export class ExportedSessionDto {
  id: string;
  created_at: Date;
  last_used_at: Date;
  expires_at: Date;
  ended_at: Date | null;
  ip: string | null;
  user_agent: string | null;
  /** How the person got in. @example ["pwd"] */
  amr: string[];
  auth_time: Date;
}

/** A device that isn't asked for a second factor. */
export class ExportedDeviceDto {
  id: string;
  created_at: Date;
  last_used_at: Date | null;
  expires_at: Date;
  ip: string | null;
  user_agent: string | null;
}

/** A post of the person. */
export class ExportedPostDto {
  id: string;
  /** @example "Notes on the engine" */
  title: string | null;
  /** @example "It weaves algebraic patterns." */
  content: string;
  like_count: number;
  created_at: Date;
  updated_at: Date;
}

/** A post that the person likes, and since when. */
export class ExportedLikeDto {
  post_id: string;
  liked_at: Date;
}

/** A task of the person. */
export class ExportedTaskDto {
  id: string;
  /** @example "Water the plants" */
  title: string;
  /** @example "Not the cactus." */
  description: string | null;
  is_completed: boolean;
  created_at: Date;
  updated_at: Date;
}

/** A mail to the person. What it said stands nowhere. */
export class ExportedMailDto {
  /** @example "verify" */
  kind: string;
  /** @example "ada@example.com" */
  to: string | null;
  when: Date;
}

/** An address that the account was to have, or could have gone back to. */
export class ExportedEmailChangeDto {
  id: string;
  /** `change` for a new address, `revert` for the one of before. @example "change" */
  kind: string;
  /** @example "ada@example.com" */
  email: string;
  created_at: Date;
  expires_at: Date;
  used_at: Date | null;
  cancelled_at: Date | null;
}

/** An invitation that the person made or accepted. */
export class ExportedInvitationDto {
  id: string;
  /** @example "ada@example.com" */
  email: string;
  role: Role;
  username: string | null;
  display_name: string | null;
  /** @example "Come and see." */
  message: string | null;
  invited_by: string | null;
  accepted_by: string | null;
  created_at: Date;
  expires_at: Date;
  accepted_at: Date | null;
  revoked_at: Date | null;
}

/** All that is kept of a person. */
export class PersonalDataDto {
  exported_at: Date;
  user: UserDto;
  /** Devices that were signed in, as far back as they are kept. */
  sessions: ExportedSessionDto[];
  /** Security events that concern the person, newest first. */
  events: EventDto[];
  /** Devices that aren't asked for a second factor. */
  devices: ExportedDeviceDto[];
  posts: ExportedPostDto[];
  likes: ExportedLikeDto[];
  /** Left out for admins, as they are private. */
  tasks?: ExportedTaskDto[];
  /** What was mailed when to which address. */
  mails: ExportedMailDto[];
  email_changes: ExportedEmailChangeDto[];
  /** Invitations that the person made or accepted. */
  invitations: ExportedInvitationDto[];
}
