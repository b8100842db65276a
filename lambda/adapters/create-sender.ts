/**
 * The sender that the deployment asks for. The SDK's is loaded only where it is used: it would slow every cold start.
 */
import type { ConnectionSender } from '../core/ports';
import { LeanSender } from './lean-sender';

export const senderKinds = ['lean', 'sdk'] as const;
export type SenderKind = (typeof senderKinds)[number];

export function createSender(kind: SenderKind, callbackUrl: string): ConnectionSender {
  return kind === 'lean' ? new LeanSender(callbackUrl) : sdkSender(callbackUrl);
}

function sdkSender(callbackUrl: string): ConnectionSender {
  const loading = import('./api-gateway-sender.js').then(
    ({ ApiGatewaySender }) => new ApiGatewaySender(callbackUrl),
  );
  return {
    post: async (...call) => (await loading).post(...call),
    status: async (...call) => (await loading).status(...call),
  };
}
