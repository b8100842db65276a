/**
 * Starts functions with one hand-signed Invoke call (type Event): one call needs no client of its own in every function that
 * starts another. Source: AWS Lambda API reference, Invoke.
 */
import { type Invoker, Unavailable } from '../../shared/ports';
import { type PostAnswer, signedPost } from './signed-post';

/** An asynchronous call is answered as soon as the event is queued. */
const callMs = 800;
/** Under Lambda's own limit: larger events are billed in pieces of 256 KB. */
const payloadBytes = 262_144;

export class LambdaInvoker implements Invoker {
  constructor(private readonly env: NodeJS.ProcessEnv = process.env) {}

  async start(functionName: string, payload: object): Promise<void> {
    const body = JSON.stringify(payload);
    if (Buffer.byteLength(body) > payloadBytes) throw new RangeError('The event is over 256 KB');
    const { status } = await this.post(functionName, body);
    if (status === 202) return;
    const message = `Lambda answered ${status}`;
    throw status === 429 || status >= 500 ? new Unavailable(message) : new Error(message);
  }

  private async post(functionName: string, body: string): Promise<PostAnswer> {
    const region = this.env.AWS_REGION ?? '';
    const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
    const endpoint = this.env.AWS_ENDPOINT_URL_LAMBDA ?? `https://lambda.${region}.${suffix}`;
    // An endpoint may have a path of its own.
    const url = new URL(
      `${endpoint.replace(/\/$/, '')}/2015-03-31/functions/${encodeURIComponent(functionName)}/invocations`,
    );
    const contentType = 'application/json';
    const serviceHeaders = { 'x-amz-invocation-type': 'Event' };
    try {
      return await signedPost(
        { service: 'lambda', region, url, contentType, serviceHeaders, body, timeoutMs: callMs },
        this.env,
      );
    } catch (error) {
      throw new Unavailable('Lambda', { cause: error });
    }
  }
}
