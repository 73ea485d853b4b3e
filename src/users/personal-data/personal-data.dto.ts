import { Optional, StringField } from '../../http/fields.js';
import type { EventDto } from '../../audit/audit.dto.js';
import type { Role } from '../../request.js';
import type { UserDto } from '../users.dto.js';

/** The proof that it is one's own account. */
export class ExportOwnDataDto {
  /** Left out by accounts without a password, which need a fresh sign-in instead. */
  @Optional()
  @StringField()
  current_password?: string;
}

/** A stored session, alive or ended. */
export class ExportedSessionDto {
  id: string;
  created_at: Date;
  last_used_at: Date;
  expires_at: Date;
  ended_at: Date | null;
  ip: string | null;
  user_agent: string | null;
  /** How the person authenticated. @example ["pwd"] */
  amr: string[];
  auth_time: Date;
}

/** A device on which no second factor is asked for. */
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

/** A mail to the person. Its text isn't stored. */
export class ExportedMailDto {
  /** @example "verify" */
  kind: string;
  /** @example "ada@example.com" */
  to: string | null;
  when: Date;
}

/** A change of address, or the link to revert one. */
export class ExportedEmailChangeDto {
  id: string;
  /** `change` with the new address, `revert` with the former one. @example "change" */
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

/** All data that is stored about a person. */
export class PersonalDataDto {
  exported_at: Date;
  user: UserDto;
  /** Sessions, as far back as they are kept. */
  sessions: ExportedSessionDto[];
  /** Security events that concern the person, newest first. */
  events: EventDto[];
  /** Devices on which no second factor is asked for. */
  devices: ExportedDeviceDto[];
  posts: ExportedPostDto[];
  likes: ExportedLikeDto[];
  /** Left out for admins, as they are private. */
  tasks?: ExportedTaskDto[];
  /** Which mail was sent when to which address. */
  mails: ExportedMailDto[];
  email_changes: ExportedEmailChangeDto[];
  /** Invitations that the person made or accepted. */
  invitations: ExportedInvitationDto[];
}
