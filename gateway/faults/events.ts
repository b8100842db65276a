/** Delivers events late, twice or never. The type of an event is in its request context. */
import { objectOr, parseJson } from '../json';
import type { Decide } from './proxy';

/** `authorizer`, `connect`, `message`, `disconnect`; anything else is `other`: a schedule or an asynchronous invocation. */
export function eventKind(payload: string): string {
  const { requestContext, methodArn } = objectOr(parseJson(payload));
  const { eventType } = objectOr(requestContext);
  if (typeof eventType !== 'string') return 'other';
  // The event of an authorizer has the type of its handshake.
  return methodArn === undefined ? eventType.toLowerCase() : 'authorizer';
}

/** The result of the function; `undefined` for a lost event. */
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
      // The result of the second run is ignored, because the platform has already the first one.
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
