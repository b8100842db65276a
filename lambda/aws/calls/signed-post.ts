/**
 * One signed POST to an AWS service, for the few calls whose SDK client would be several times the size of the function.
 */
import { hash } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { mayBeClockSkew, serviceTime } from '../service-time';
import { credentialsIn, RequestSigner, type SignedHeaders } from './request-signer';

export interface SignedPost {
  /** As in the credential scope, such as `kms`. */
  readonly service: string;
  readonly region: string;
  readonly url: URL;
  readonly contentType: string;
  /** Headers of the service; their names begin with `x-amz-` and follow `x-amz-content-sha256` in the alphabet. */
  readonly serviceHeaders: Readonly<Record<string, string>>;
  readonly body: string;
  readonly timeoutMs: number;
}

export interface PostAnswer {
  readonly status: number;
  /** Its `Date` header. */
  readonly date: string | undefined;
  readonly body: string;
}

/** Returns every answer of the service, also an error. Throws when there is no answer. */
export async function signedPost(
  post: SignedPost,
  env: NodeJS.ProcessEnv,
  time = serviceTime,
): Promise<PostAnswer> {
  const { url, region, service, serviceHeaders, contentType, body, timeoutMs } = post;
  const signer = new RequestSigner(url.host, region, service, serviceHeaders);
  const request = {
    method: 'POST',
    path: url.pathname,
    payloadHash: hash('sha256', body),
    contentType,
  } as const;
  const attempt = async () => {
    const signedAt = time.now();
    const headers = signer.sign(request, credentialsIn(env), signedAt);
    const answer = await send(url, headers, body, timeoutMs);
    return { answer, isSkewed: time.synchronize(answer.date, signedAt) };
  };
  const { answer, isSkewed } = await attempt();
  return isSkewed && mayBeClockSkew(answer.status) ? (await attempt()).answer : answer;
}

/** The type of an error in an answer of AWS's JSON protocols, without its namespace; empty without one. */
export function errorTypeIn(body: string): string {
  const [, type = ''] = /"__type":\s*"(?:[^"]*#)?(\w+)"/.exec(body) ?? [];
  return type;
}

/** Whether another attempt may succeed: after a throttle, or a failure of the service. */
export function mayPass({ status, body }: Pick<PostAnswer, 'status' | 'body'>): boolean {
  return status === 429 || status >= 500 || errorTypeIn(body).includes('Throttl');
}

function send(url: URL, headers: SignedHeaders, body: string, timeoutMs: number): Promise<PostAnswer> {
  const request = url.protocol === 'http:' ? httpRequest : httpsRequest;
  return new Promise((resolve, reject) => {
    const options = { method: 'POST', headers, signal: AbortSignal.timeout(timeoutMs) };
    const call = request(url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode: status = 0, headers: received } = response;
        resolve({ status, date: received.date, body: Buffer.concat(chunks).toString() });
      });
    });
    call.on('error', reject);
    call.end(body);
  });
}
