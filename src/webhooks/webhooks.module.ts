import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditModule } from '../audit/audit.module.js';
import { AllowedAddresses } from './allowed-addresses.js';
import { HttpSender } from './http-sender.js';
import { Signing } from './signing.js';
import { WebhookChannel } from './webhook-channel.js';
import { WebhookUrls } from './webhook-url.js';
import { Webhook, WebhookEvent } from './webhook.entity.js';
import { WebhooksController } from './webhooks.controller.js';
import { WebhooksService } from './webhooks.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([Webhook, WebhookEvent]), AuditModule],
  controllers: [WebhooksController],
  providers: [AllowedAddresses, HttpSender, Signing, WebhookChannel, WebhookUrls, WebhooksService],
  exports: [WebhooksService],
})
export class WebhooksModule {}
