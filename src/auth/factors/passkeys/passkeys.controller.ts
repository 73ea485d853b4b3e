import { Body, Controller, Delete, Get, HttpCode, Patch, Post } from '@nestjs/common';
import { Id } from '../../../http/fields.js';
import { BeforeMfa, Fresh } from '../../../access.js';
import { Call } from '../../../request.js';
import { AddPasskeyDto, type PasskeyDto, type PasskeyListDto, RenamePasskeyDto } from './passkeys.dto.js';
import { Passkeys } from './passkeys.service.js';
import type { CreationOptionsDto } from './webauthn-options.dto.js';

/** One's own passkeys. */
@Controller('api/auth/passkeys')
@BeforeMfa()
export class PasskeysController {
  constructor(private readonly passkeys: Passkeys) {}

  /**
   * The options of `navigator.credentials.create`, to make a passkey.
   * @throws not_enabled
   */
  @Post('options')
  @HttpCode(200)
  @Fresh()
  getCreationOptions(@Call() call: Call): Promise<CreationOptionsDto> {
    return this.passkeys.getCreationOptions(call);
  }

  /**
   * Adds the passkey that the browser has made.
   * @throws not_enabled, passkey_known
   */
  @Post()
  @Fresh()
  addPasskey(@Body() dto: AddPasskeyDto, @Call() call: Call): Promise<PasskeyDto> {
    return this.passkeys.addPasskey(dto, call);
  }

  /**
   * Lists one's own passkeys, with the arguments of `PublicKeyCredential.signalAllAcceptedCredentials`.
   * @throws not_enabled
   */
  @Get()
  listPasskeys(@Call() call: Call): Promise<PasskeyListDto> {
    return this.passkeys.listPasskeys(call);
  }

  /** Renames one of one's own passkeys. */
  @Patch(':id')
  renamePasskey(@Id() id: string, @Body() { name }: RenamePasskeyDto, @Call() call: Call): Promise<PasskeyDto> {
    return this.passkeys.renamePasskey(id, name, call);
  }

  /**
   * Removes one of one's own passkeys.
   * @throws last_sign_in_method, mfa_mandatory
   */
  @Delete(':id')
  @HttpCode(204)
  @Fresh()
  removePasskey(@Id() id: string, @Call() call: Call): Promise<void> {
    return this.passkeys.removePasskey(id, call);
  }
}
