/**
 * Events that reach their function late, twice or never. Which event it is stands in it: API Gateway writes its type
 * into the request context.
 */
import { objectOr, parseJson } from '../json';
import type { Decide } from './proxy';

/** `authorizer`, `connect`, `message`, `disconnect`; anything else is `other`: a schedule or an asynchronous invocation. */
export function eventKind(payload: string): string {
  const { requestContext, methodArn } = objectOr(parseJson(payload));
  const { eventType } = objectOr(requestContext);
  if (typeof eventType !== 'string') return 'other';
  // An authorizer's event has the type of the handshake that it decides on.
  return methodArn === undefined ? eventType.toLowerCase() : 'authorizer';
}

/** What came of the event that was not lost; `undefined` for one that was. */
export async function deliverEvent<Result>(
  decide: Decide,
  functionName: string,
  payload: string,
  run: () => Promise<Result>,
): Promise<Result | undefined> {
  const target = { service: 'event', operation: eventKind(payload), function: functionName } as const;
  const rule = decide(target, () => true);
  switch (rule?.fault) {
    case 'lose':
      return undefined;
    case 'delay':
      await wait(rule.delayMs);
      return run();
    case 'duplicate': {
      const second = wait(rule.delayMs).then(run);
      const result = await run();
      // Nobody waits for the second one: the platform has its answer.
      void second;
      return result;
    }
    default:
      return run();
  }
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
