import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Outbox } from './outbox.js';
import { OutboxJob } from './outbox-job.entity.js';

/** What is to be sent, for everyone who changes something that others must hear of. */
@Global()
@Module({
  imports: [TypeOrmModule.forFeature([OutboxJob])],
  providers: [Outbox],
  exports: [Outbox],
})
export class OutboxModule {}
