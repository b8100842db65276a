/** The console as the commands use it. */
export { type ConsoleOptions, type ConsoleRole, consoleHandler, type PageHandler } from './handler';
export { serve, type Served, type ServeOptions } from './serve';
