/** One JSON line per event on stdout, where Lambda collects it. Without a timestamp Lambda ignores the level. */
import type { Logger, LogFields } from '../shared/ports';

function write(level: 'info' | 'error', event: string, fields: LogFields = {}): void {
  process.stdout.write(
    `${JSON.stringify({ timestamp: new Date().toISOString(), level, event, ...fields })}\n`,
  );
}

export const jsonLog: Logger = {
  info: (event, fields) => {
    write('info', event, fields);
  },
  error: (event, fields) => {
    write('error', event, fields);
  },
};
