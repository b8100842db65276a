/** The console as the commands use it. */
export type { CostPoint, LogSource } from './log-pages';
export { type ConsoleOptions, type ConsoleRole, consoleHandler, type PageHandler } from './handler';
export { serve, type Served, type ServeOptions } from './serve';
