import { Controller, Get, Query } from '@nestjs/common';
import { Roles, Scoped } from '../access.js';
import { type DailyStatsListDto, DailyStatsQuery, type StatsDto } from './statistics.dto.js';
import { StatisticsService } from './statistics.service.js';

/** Figures: how many users there are, and what happens day by day. */
@Controller('api/stats')
@Roles('admin')
@Scoped('users')
export class StatisticsController {
  constructor(private readonly statistics: StatisticsService) {}

  /** Counts users by state and role, for an admin. */
  @Get()
  getStats(): Promise<StatsDto> {
    return this.statistics.stats();
  }

  /** Counts sign-ups and sign-ins of each day of a time zone, for an admin. Days to come are zeros. */
  @Get('daily')
  getDailyStats(@Query() query: DailyStatsQuery): Promise<DailyStatsListDto> {
    return this.statistics.daily(query);
  }
}
