import { Body, Controller, Delete, Get, HttpCode, Post, Put, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { BeforeMfa, Fresh } from '../../access.js';
import { Call } from '../../request.js';
import { ConfirmTotpDto, type FactorsChangedDto, type MfaDto, type RecoveryCodesDto, SwitchMfaDto, type TotpSetupDto } from './factors.dto.js'; // prettier-ignore
import { Mfa } from './mfa.service.js';

/** One's own second factors. */
@Controller('api/auth/mfa')
@BeforeMfa()
export class MfaController {
  constructor(private readonly mfa: Mfa) {}

  /** Lists one's own second factors. */
  @Get()
  getMfa(@Call() call: Call): Promise<MfaDto> {
    return this.mfa.getMfa(call);
  }

  /**
   * Switches the second factor on or off. Switching it on takes an authenticator app or passkey, and ends all other
   * sessions.
   * @throws conflict, mfa_mandatory
   * @answers 200 FactorsChangedDto, 204 void
   */
  @Put()
  @Fresh()
  async switchMfa(
    @Body() { enabled }: SwitchMfaDto,
    @Call() call: Call,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<FactorsChangedDto | null> {
    if (enabled) return this.mfa.switchOn(call);
    await this.mfa.switchOff(call);
    void reply.code(204);
    return null;
  }

  /**
   * Begins to set up an authenticator app. Nothing is stored until a code confirms it.
   * @throws not_enabled
   */
  @Post('totp')
  @HttpCode(200)
  @Fresh()
  startTotp(@Call() call: Call): TotpSetupDto {
    return this.mfa.startTotp(call);
  }

  /**
   * Sets up the authenticator app that shows this code; it replaces an older one. All other sessions end.
   * @throws wrong_code, code_used, not_enabled
   */
  @Post('totp/confirm')
  @HttpCode(200)
  @Fresh()
  confirmTotp(@Body() dto: ConfirmTotpDto, @Call() call: Call): Promise<FactorsChangedDto> {
    return this.mfa.confirmTotp(dto, call);
  }

  /**
   * Removes the authenticator app. With the last factor, recovery codes and remembered devices go too, and signing in
   * requires no second one.
   * @throws mfa_mandatory
   */
  @Delete('totp')
  @HttpCode(204)
  @Fresh()
  removeTotp(@Call() call: Call): Promise<void> {
    return this.mfa.removeTotp(call);
  }

  /**
   * Makes ten new recovery codes; the old ones become invalid, and remembered devices are forgotten.
   * @throws conflict
   */
  @Post('recovery-codes')
  @HttpCode(200)
  @Fresh()
  renewRecoveryCodes(@Call() call: Call): Promise<RecoveryCodesDto> {
    return this.mfa.renewRecoveryCodes(call);
  }
}
