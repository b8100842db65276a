/** Every setting that adds resources to the template. */
import type { SettingsInput } from '../settings/config';

export const everySetting: SettingsInput = {
  deployment: 'artcafe',
  events: {},
  publishQueue: { allow: [{ tenant: 'acme', agents: ['cron'] }] },
  edge: { rateLimitPer5Minutes: 100, exclusive: 2 },
  tokenKey: 2,
};
