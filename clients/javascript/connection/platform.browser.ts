/**
 * The part of platform.ts that means something in a browser, whose WebSocket gives no status and no reason. Tests of pages
 * run in Node with the class of `ws`, which gives the status.
 */
import { codeOf, PubSubError } from '../shared/errors';
import type * as node from './platform';
import { withoutSecrets } from './secrets';

export const refusal: typeof node.refusal = (thrown, answer) => {
  const cause = withoutSecrets(thrown);
  return new PubSubError(codeOf(answer?.statusCode), `No connection: ${cause.message}`, { cause });
};

export const watchSocket: typeof node.watchSocket = () => () => undefined;
