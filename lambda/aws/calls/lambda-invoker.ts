/**
 * Starts functions with one hand-signed Invoke call (type Event): one call needs no client of its own in every function that
 * starts another. Source: AWS Lambda API reference, Invoke.
 */
import { hash } from 'node:crypto';
import { type Invoker, Unavailable } from '../../shared/ports';
import { serviceTime } from '../service-time';
import { RequestSigner } from './request-signer';
import { SignedCalls } from './signed-calls';

/** An asynchronous call is answered as soon as the event is queued. */
const callMs = 800;
/** For a socket, before that. */
const waitMs = 400;
/** As many as a wide channel starts at once. */
const sockets = 20;
/** Under Lambda's own limit: larger events are billed in pieces of 256 KB. */
const payloadBytes = 262_144;
const contentType = 'application/json';

/**
 * A call on a kept socket that Lambda had closed is made again, though the first one may have been queued. Lambda itself
 * delivers an asynchronous event at least once, so that every function it starts bears a second event.
 */
export class LambdaInvoker implements Invoker {
  private readonly calls: SignedCalls;
  /** An endpoint may have a path of its own. */
  private readonly basePath: string;

  constructor(env: NodeJS.ProcessEnv = process.env, time = serviceTime) {
    const region = env.AWS_REGION ?? '';
    const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
    const endpoint = new URL(env.AWS_ENDPOINT_URL_LAMBDA ?? `https://lambda.${region}.${suffix}`);
    this.basePath = endpoint.pathname.replace(/\/$/, '');
    const signer = new RequestSigner(endpoint.host, region, 'lambda', { 'x-amz-invocation-type': 'Event' });
    this.calls = new SignedCalls(endpoint, sockets, signer, env, time);
  }

  async start(functionName: string, payload: object): Promise<void> {
    const body = JSON.stringify(payload);
    if (Buffer.byteLength(body) > payloadBytes) throw new RangeError('The event is over 256 KB');
    const { status, systemCode } = await this.calls.call({
      method: 'POST',
      path: `${this.basePath}/2015-03-31/functions/${encodeURIComponent(functionName)}/invocations`,
      payloadHash: hash('sha256', body),
      contentType,
      body,
      timeoutMs: callMs,
      waitMs,
    });
    if (status === 202) return;
    if (status === undefined) throw new Unavailable(`Lambda did not answer: ${systemCode ?? 'timeout'}`);
    const message = `Lambda answered ${status}`;
    throw status === 429 || status >= 500 ? new Unavailable(message) : new Error(message);
  }
}
