/**
 * The sender that the deployment asks for. The SDK's is loaded only where it is used: it would slow every cold start. The
 * stack writes the deployment's choice into the bundle in place of `process.env.SENDER`, so the other one is not in it.
 */
import type { ConnectionCloser, ConnectionSender } from '../../shared/ports';
import { LeanSender } from './lean-sender';

export const senderKinds = ['lean', 'sdk'] as const;
export type SenderKind = (typeof senderKinds)[number];

export function createSender(kind: SenderKind, callbackUrl: string): ConnectionSender & ConnectionCloser {
  if (process.env.SENDER !== 'lean' && kind === 'sdk') return sdkSender(callbackUrl);
  return new LeanSender(callbackUrl);
}

function sdkSender(callbackUrl: string): ConnectionSender & ConnectionCloser {
  const loading = import('./api-gateway-sender.js').then(
    ({ ApiGatewaySender }) => new ApiGatewaySender(callbackUrl),
  );
  return {
    post: async (connectionId, text, timeoutMs) => (await loading).post(connectionId, text, timeoutMs),
    status: async (...call) => (await loading).status(...call),
    close: async (...call) => (await loading).close(...call),
  };
}
