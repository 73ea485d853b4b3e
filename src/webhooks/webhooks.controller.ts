import { Body, Controller, Delete, Get, Header, HttpCode, Patch, Post, Query } from '@nestjs/common';
import { Idempotent } from '../idempotency/idempotent.js';
import { ConditionalWrite } from '../http/conditional-requests.js';
import { Id } from '../http/fields.js';
import type { Page } from '../lists/pages.js';
import { Roles } from '../access.js';
import { Call } from '../request.js';
import {
  CreateWebhookDto,
  type NewWebhookDto,
  RotateSecretDto,
  UpdateWebhookDto,
  type WebhookDto,
  type WebhookListDto,
  type WebhookSecretDto,
} from './webhooks.dto.js';
import { WebhooksService } from './webhooks.service.js';
import { DeliveriesQuery, type DeliveryDto, ReplayDto, type ReplayedDto, type SendingDto } from './deliveries.dto.js';

/** Receivers that are told what happens to accounts (Standard Webhooks 1.0), for admins. */
@Controller('api/webhooks')
@Roles('admin')
export class WebhooksController {
  constructor(private readonly webhooks: WebhooksService) {}

  /**
   * Adds a receiver. Its signing secret is shown only now.
   * @throws conflict
   */
  @Post()
  @Idempotent()
  @Header('cache-control', 'no-store')
  createWebhook(@Body() dto: CreateWebhookDto, @Call() call: Call): Promise<NewWebhookDto> {
    return this.webhooks.create(dto, call);
  }

  /** Lists all receivers. */
  @Get()
  listWebhooks(): Promise<WebhookListDto> {
    return this.webhooks.list();
  }

  /** Finds a receiver. */
  @Get(':id')
  getWebhook(@Id() id: string): Promise<WebhookDto> {
    return this.webhooks.get(id);
  }

  /** Changes a receiver; what is left out stays as it is. */
  @Patch(':id')
  @ConditionalWrite()
  updateWebhook(@Id() id: string, @Body() dto: UpdateWebhookDto, @Call() call: Call): Promise<WebhookDto> {
    return this.webhooks.update(id, dto, call);
  }

  /** Removes a receiver, and its deliveries with it. */
  @Delete(':id')
  @HttpCode(204)
  @ConditionalWrite()
  deleteWebhook(@Id() id: string, @Call() call: Call): Promise<void> {
    return this.webhooks.delete(id, call);
  }

  /** Makes a new signing secret. The one of before signs as well for a while; both signatures are sent meanwhile. */
  @Post(':id/rotate-secret')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  async rotateWebhookSecret(
    @Id() id: string,
    @Body() { overlap_hours }: RotateSecretDto,
    @Call() call: Call,
  ): Promise<WebhookSecretDto> {
    return { secret: await this.webhooks.rotateSecret(id, overlap_hours, call) };
  }

  /** Sends `webhook.test` to this receiver. */
  @Post(':id/test')
  @HttpCode(202)
  async testWebhook(@Id() id: string): Promise<SendingDto> {
    await this.webhooks.sendTest(id);
    return { status: 'accepted' };
  }

  /** Lists a receiver's deliveries of the last 30 days, newest first. */
  @Get(':id/deliveries')
  listDeliveries(@Id() id: string, @Query() query: DeliveriesQuery): Promise<Page<DeliveryDto>> {
    return this.webhooks.deliveries(id, query);
  }

  /** Sends a delivery again, under the same `webhook-id`. */
  @Post(':id/deliveries/:delivery_id/retry')
  @HttpCode(202)
  async retryDelivery(@Id() id: string, @Id('delivery_id') deliveryId: string): Promise<SendingDto> {
    await this.webhooks.retry(id, deliveryId);
    return { status: 'accepted' };
  }

  /** Sends the deliveries of a time again; 10,000 at most. */
  @Post(':id/replay')
  @HttpCode(202)
  async replayDeliveries(@Id() id: string, @Body() dto: ReplayDto): Promise<ReplayedDto> {
    return { count: await this.webhooks.replay(id, dto) };
  }
}
