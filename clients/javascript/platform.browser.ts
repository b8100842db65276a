/**
 * The part of platform.ts that means something in a browser, whose WebSocket tells no status and no reason.
 */
import { PubSubError } from './errors';
import type * as node from './platform';
import { withoutSecrets } from './secrets';

export const refusal: typeof node.refusal = (thrown) => {
  const cause = withoutSecrets(thrown);
  return new PubSubError('unavailable', `No connection: ${cause.message}`, { cause });
};

export const watchSocket: typeof node.watchSocket = () => () => undefined;
