import { Controller, Get, Query } from '@nestjs/common';
import { Roles, Scoped } from '../access.js';
import { type DailyStatsListDto, DailyStatsQuery, type StatsDto } from './statistics.dto.js';
import { StatisticsService } from './statistics.service.js';

/** Statistics: number of users, and figures per day. */
@Controller('api/stats')
@Roles('admin')
@Scoped('users')
export class StatisticsController {
  constructor(private readonly statistics: StatisticsService) {}

  /** Counts users by state and role, as an admin. */
  @Get()
  getStats(): Promise<StatsDto> {
    return this.statistics.stats();
  }

  /** Counts sign-ups and sign-ins per day in a time zone, as an admin. Future days are zero. */
  @Get('daily')
  getDailyStats(@Query() query: DailyStatsQuery): Promise<DailyStatsListDto> {
    return this.statistics.daily(query);
  }
}
