import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Outbox } from './outbox.js';
import { OutboxJob } from './outbox-job.entity.js';

/** The outbox, for all modules. */
@Global()
@Module({
  imports: [TypeOrmModule.forFeature([OutboxJob])],
  providers: [Outbox],
  exports: [Outbox],
})
export class OutboxModule {}
