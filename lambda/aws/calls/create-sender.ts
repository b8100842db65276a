/**
 * The sender that the deployment asks for. The SDK's is loaded only where it is used: it would slow every cold start. The
 * stack writes the deployment's choice into the bundle in place of `process.env.SENDER`, so the other one is not in it.
 */
import type { ConnectionCloser, ConnectionSender } from '../../shared/ports';
import { LeanSender } from './lean-sender';

export const senderKinds = ['lean', 'sdk'] as const;
export type SenderKind = (typeof senderKinds)[number];

type Sender = ConnectionSender & ConnectionCloser;

export function createSender(kind: SenderKind, callbackUrl: string): Sender {
  if (process.env.SENDER !== 'lean' && kind === 'sdk') {
    // esbuild drops the import only in a branch that it can see is dead (docs/adr/012-no-credential-chain-in-the-bundles.md).
    return loadedLater(
      import('./api-gateway-sender.js').then(({ ApiGatewaySender }) => new ApiGatewaySender(callbackUrl)),
    );
  }
  return new LeanSender(callbackUrl);
}

function loadedLater(loading: Promise<Sender>): Sender {
  return {
    post: async (connectionId, text, timeoutMs) => (await loading).post(connectionId, text, timeoutMs),
    status: async (...call) => (await loading).status(...call),
    close: async (...call) => (await loading).close(...call),
  };
}
