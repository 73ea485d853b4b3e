import { start } from './app.ts';
import { arrive } from './link.ts';

arrive();
void start();
