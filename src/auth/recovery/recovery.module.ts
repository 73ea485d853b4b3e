import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditModule } from '../../audit/audit.module.js';
import { UsersModule } from '../../users/users.module.js';
import { AccountProof } from './account-proof.js';
import { AccountRemovalController } from './account-removal.controller.js';
import { AccountRemovalService } from './account-removal.service.js';
import { EmailChangeController } from './email-change.controller.js';
import { EmailChangeService } from './email-change.service.js';
import { Invitation } from './invitations/invitation.entity.js';
import { InvitationStore } from './invitations/invitation-store.js';
import { InvitationsController } from './invitations/invitations.controller.js';
import { InvitationsService } from './invitations/invitations.service.js';
import { LinkPreviews } from './link-previews.js';
import { PagesController } from './pages/pages.controller.js';
import { PasswordResetController } from './password-reset.controller.js';
import { PasswordResetService } from './password-reset.service.js';
import { Proofs } from './proofs.js';
import { VerificationController } from './verification.controller.js';
import { VerificationService } from './verification.service.js';

/** Actions by links and codes from mails. */
@Module({
  imports: [TypeOrmModule.forFeature([Invitation]), AuditModule, UsersModule],
  controllers: [
    VerificationController,
    PasswordResetController,
    EmailChangeController,
    InvitationsController,
    AccountRemovalController,
    PagesController,
  ],
  providers: [
    AccountProof,
    AccountRemovalService,
    EmailChangeService,
    InvitationStore,
    InvitationsService,
    LinkPreviews,
    PasswordResetService,
    Proofs,
    VerificationService,
  ],
  exports: [InvitationsService, PasswordResetService, VerificationService],
})
export class RecoveryModule {}
