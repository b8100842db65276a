/**
 * One signed POST to an AWS service by hand, for the few calls whose client would be several times the size of the function.
 */
import { createHash, createHmac } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { SignatureV4 } from '@smithy/signature-v4';
import { mayBeClockSkew, serviceTime } from '../service-time';

export interface SignedPost {
  /** As in the credential scope, such as `kms`. */
  readonly service: string;
  readonly region: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly timeoutMs: number;
}

export interface PostAnswer {
  readonly status: number;
  /** Its `Date` header. */
  readonly date: string | undefined;
  readonly body: string;
}

/** The hash that the signer asks for: plain with no secret, keyed with one. */
class Sha256 {
  private readonly hash;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.hash = secret === undefined ? createHash('sha256') : createHmac('sha256', toBytes(secret));
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.hash.update(toBytes(data));
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.hash.digest());
  }
}

function toBytes(data: string | ArrayBuffer | ArrayBufferView): Uint8Array | string {
  if (typeof data === 'string') return data;
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}

/** Whatever the service answers is a result; throws when there is no answer. */
export async function signedPost(
  post: SignedPost,
  env: NodeJS.ProcessEnv,
  time = serviceTime,
): Promise<PostAnswer> {
  const attempt = async () => {
    const signedAt = time.now();
    const answer = await postOnce(post, env, signedAt);
    const isMistimed = time.synchronize(answer.date, signedAt);
    return { answer, isMistimed };
  };
  const { answer, isMistimed } = await attempt();
  return isMistimed && mayBeClockSkew(answer.status) ? (await attempt()).answer : answer;
}

async function postOnce(post: SignedPost, env: NodeJS.ProcessEnv, signedAt: number): Promise<PostAnswer> {
  const { service, region, url, body, timeoutMs } = post;
  const signer = new SignatureV4({
    service,
    region,
    sha256: Sha256,
    credentials: {
      accessKeyId: env.AWS_ACCESS_KEY_ID ?? '',
      secretAccessKey: env.AWS_SECRET_ACCESS_KEY ?? '',
      ...(env.AWS_SESSION_TOKEN === undefined ? {} : { sessionToken: env.AWS_SESSION_TOKEN }),
    },
  });
  const request = {
    method: 'POST',
    protocol: url.protocol,
    hostname: url.hostname,
    path: url.pathname,
    query: {},
    headers: { host: url.host, ...post.headers },
    body,
  };
  const { headers } = await signer.sign(request, { signingDate: new Date(signedAt) });
  return send(url, headers, body, timeoutMs);
}

function send(
  url: URL,
  headers: Record<string, string>,
  body: string,
  timeoutMs: number,
): Promise<PostAnswer> {
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
