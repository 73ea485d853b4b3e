import { ArrayMaxSize, ArrayMinSize, ArrayUnique, IsArray, IsIn } from 'class-validator';
import { withVersion } from '../http/conditional-requests.js';
import { BooleanField, ClearableText, Optional, StringField, WholeNumber } from '../http/fields.js';
import { EVENT_PATTERNS } from './event-types.js';
import type { Webhook } from './webhook.entity.js';

function Events(): PropertyDecorator {
  const rules = [
    IsArray({ message: 'must be a list' }),
    ArrayMinSize(1, { message: 'must name at least one type of event' }),
    ArrayMaxSize(EVENT_PATTERNS.length, { message: 'must not name more than there are' }),
    ArrayUnique({ message: 'must name each once' }),
    IsIn(EVENT_PATTERNS, { each: true, message: `must be of: ${EVENT_PATTERNS.join(', ')}` }),
  ];
  return (target, property) => {
    for (const rule of rules) rule(target, property);
  };
}

/** A receiver of events. */
export class CreateWebhookDto {
  /** https, port 443 or one from 1024 on, a public address. @example "https://example.com/hooks/userhub" */
  @StringField()
  url: string;

  /** Types of events; `user.*` for all of a topic, `*` for all. @example ["user.*"] */
  @Events()
  events: string[];

  /** A description for admins. @example "Keeps the CRM in step" */
  @ClearableText(500)
  description?: string | null;

  /** Whether events are sent to it; true by default. */
  @Optional()
  @BooleanField()
  is_active: boolean = true;
}

/** A change of a receiver; members that are left out don't change. */
export class UpdateWebhookDto {
  /** @example "https://example.com/hooks/userhub" */
  @Optional()
  @StringField()
  url?: string;

  /** @example ["user.*"] */
  @Optional()
  @Events()
  events?: string[];

  /** null clears it. @example "Keeps the CRM in step" */
  @ClearableText(500)
  description?: string | null;

  /** Enabling it clears `disabled_reason`. */
  @Optional()
  @BooleanField()
  is_active?: boolean;
}

/** How long the previous secret continues to sign. */
export class RotateSecretDto {
  /** Hours, 0 to 168. */
  @Optional()
  @WholeNumber(0, 168)
  overlap_hours: number = 24;
}

/** A receiver of events, without its secret. @versioned */
export class WebhookDto {
  id: string;
  /** @example "https://example.com/hooks/userhub" */
  url: string;
  /** @example ["user.*"] */
  events: string[];
  /** @example "Keeps the CRM in step" */
  description: string | null;
  is_active: boolean;
  /** Why UserHub disabled it. @example "The receiver answered 410 Gone." */
  disabled_reason: string | null;
  created_at: Date;
  updated_at: Date;
  last_success_at: Date | null;
  last_failure_at: Date | null;
}

/** A new receiver, with its signing secret, which is shown only now. @versioned */
export class NewWebhookDto extends WebhookDto {
  /** @example "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" */
  secret: string | null;
}

/** The new signing secret, which is shown only now. */
export class WebhookSecretDto {
  /** @example "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" */
  secret: string;
}

/** All receivers, 20 at most. */
export class WebhookListDto {
  items: WebhookDto[];
}

const resourceOf = ({ id, version }: Webhook) => ({ version, path: `/api/webhooks/${id}` });

/** The receiver as admins see it. */
export const toWebhookDto = (webhook: Webhook): WebhookDto =>
  withVersion(
    {
      id: webhook.id,
      url: webhook.url,
      events: webhook.events,
      description: webhook.description,
      is_active: webhook.isActive,
      disabled_reason: webhook.disabledReason,
      created_at: webhook.createdAt,
      updated_at: webhook.updatedAt,
      last_success_at: webhook.lastSuccessAt,
      last_failure_at: webhook.lastFailureAt,
    },
    resourceOf(webhook),
  );

/** A new receiver with its secret, which is shown once and not cached. */
export const toNewWebhookDto = (webhook: Webhook, secret: string | null): NewWebhookDto =>
  withVersion({ ...toWebhookDto(webhook), secret }, { ...resourceOf(webhook), isSecret: true });
