/**
 * Posts to connections by hand: one signature and one call over a kept socket per recipient, and nothing else.
 * The SDK's client does the same for many times the processor time (docs/adr/006-lean-sender.md).
 */
import { hash } from 'node:crypto';
import { classifyFailure, type DeliveryOutcome } from '../../shared/delivery-outcome';
import type { ConnectionCloser, ConnectionSender } from '../../shared/ports';
import { serviceTime } from '../service-time';
import type { Answer } from './pending-call';
import { encodedSegment, RequestSigner } from './request-signer';
import { SignedCalls } from './signed-calls';

/** As many as the core has posts in flight. */
const sockets = 200;
const statusMs = 1_000;
/** Texts that are on their way at the same time: those of a batch, and some ACKs. */
const textsKept = 32;

const noPayload = hash('sha256', '');
/** What the SDK says of its payloads, too. */
const contentType = 'application/octet-stream';

export class LeanSender implements ConnectionSender, ConnectionCloser {
  private readonly calls: SignedCalls;
  private readonly path: string;
  /** A text goes to many: it is hashed for the first of them. It is sent as it is, in one piece with the head. */
  private readonly hashes = new Map<string, string>();

  /** `callbackUrl`: `https://{api}.execute-api.{region}.amazonaws.com/{stage}`. */
  constructor(callbackUrl: string, env: NodeJS.ProcessEnv = process.env, time = serviceTime) {
    const endpoint = new URL(callbackUrl);
    this.path = `${endpoint.pathname.replace(/\/$/, '')}/@connections/`;
    const signer = new RequestSigner(endpoint.host, env.AWS_REGION ?? '');
    this.calls = new SignedCalls(endpoint, sockets, signer, env, time);
  }

  async post(
    connectionId: string,
    text: string,
    timeoutMs: number,
    waitMs?: number,
  ): Promise<DeliveryOutcome> {
    return outcomeOf(await this.call('POST', connectionId, text, timeoutMs, waitMs));
  }

  async status(connectionId: string): Promise<'open' | 'gone' | 'unknown'> {
    const outcome = outcomeOf(await this.call('GET', connectionId, undefined, statusMs));
    if (outcome === 'delivered') return 'open';
    return outcome === 'gone' ? 'gone' : 'unknown';
  }

  async close(connectionId: string): Promise<'closed' | 'unknown'> {
    const outcome = outcomeOf(await this.call('DELETE', connectionId, undefined, statusMs));
    return outcome === 'delivered' || outcome === 'gone' ? 'closed' : 'unknown';
  }

  private call(
    method: 'GET' | 'POST' | 'DELETE',
    connectionId: string,
    text: string | undefined,
    timeoutMs: number,
    waitMs?: number,
  ): Promise<Answer> {
    return this.calls.call({
      method,
      path: this.path + encodedSegment(connectionId),
      payloadHash: text === undefined ? noPayload : this.hashOf(text),
      contentType: text === undefined ? undefined : contentType,
      body: text,
      timeoutMs,
      waitMs,
    });
  }

  private hashOf(text: string): string {
    const known = this.hashes.get(text);
    if (known !== undefined) return known;
    const made = hash('sha256', text);
    if (this.hashes.size >= textsKept) this.hashes.clear();
    this.hashes.set(text, made);
    return made;
  }
}

function outcomeOf({ status, systemCode }: Answer): DeliveryOutcome {
  if (status !== undefined && status >= 200 && status < 300) return 'delivered';
  return classifyFailure({ httpStatus: status, name: undefined, systemCode });
}
