import { Controller, Delete, Get, HttpCode } from '@nestjs/common';
import { Id } from '../../../http/fields.js';
import { Call } from '../../../request.js';
import type { DeviceListDto } from './devices.dto.js';
import { Devices } from './devices.service.js';

/** One's own devices that aren't asked for a second factor. */
@Controller('api/auth/devices')
export class DevicesController {
  constructor(private readonly devices: Devices) {}

  /** Lists one's own remembered devices, newest first. */
  @Get()
  listDevices(@Call() call: Call): Promise<DeviceListDto> {
    return this.devices.listDevices(call);
  }

  /** Forgets one of one's own devices; sessions that were started with it end. */
  @Delete(':id')
  @HttpCode(204)
  forgetDevice(@Id() id: string, @Call() call: Call): Promise<void> {
    return this.devices.forgetDevice(id, call);
  }

  /** Forgets all of one's own devices; sessions that were started with them end. */
  @Delete()
  @HttpCode(204)
  forgetDevices(@Call() call: Call): Promise<void> {
    return this.devices.forgetDevices(call);
  }
}
