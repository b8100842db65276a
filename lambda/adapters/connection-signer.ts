/**
 * AWS Signature Version 4 for calls to `@connections`, by hand: everything that recipients share is made once.
 * Source: AWS IAM user guide, "Create a signed AWS API request". Held equal to `@smithy/signature-v4` by a test.
 */
import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto';

const service = 'execute-api';
const algorithm = 'AWS4-HMAC-SHA256';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
}

export interface SigningRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** As it is sent: every segment percent-encoded once, except for `@`. */
  readonly path: string;
  readonly payloadHash: string;
  /** Of the body; a request without one has none. */
  readonly contentType: string | undefined;
}

export type SignedHeaders = Record<string, string>;

/** What does not change within a second, for the same credentials. */
interface Moment {
  readonly second: number;
  /** `20261125T041300Z`. */
  readonly amzDate: string;
  /** `20261125/us-east-1/execute-api/aws4_request`. */
  readonly scope: string;
}

/** The key of one day. As a `KeyObject`: with a raw buffer, `createHmac` is several times slower on Node 24. */
interface DayKey {
  readonly secretAccessKey: string;
  readonly scope: string;
  readonly key: KeyObject;
}

export class ConnectionSigner {
  private moment: Moment | undefined;
  private dayKey: DayKey | undefined;

  constructor(
    private readonly host: string,
    private readonly region: string,
  ) {}

  /** All headers of the request. `now` in epoch milliseconds. */
  sign(request: SigningRequest, credentials: Credentials, now: number): SignedHeaders {
    const { amzDate, scope } = this.momentOf(now);
    const { method, path, payloadHash, contentType } = request;
    const { accessKeyId, secretAccessKey, sessionToken } = credentials;
    const headers: SignedHeaders = {
      ...(contentType === undefined ? {} : { 'content-type': contentType }),
      host: this.host,
      'x-amz-content-sha256': payloadHash,
      'x-amz-date': amzDate,
      // An empty token is none.
      ...(sessionToken ? { 'x-amz-security-token': sessionToken } : {}),
    };
    // Written in the order of the alphabet, which is the canonical one.
    const signedHeaders = Object.keys(headers).join(';');
    let canonicalHeaders = '';
    for (const name in headers) canonicalHeaders += `${name}:${headers[name] ?? ''}\n`;
    const canonicalRequest = `${method}\n${canonicalPath(path)}\n\n${canonicalHeaders}\n${signedHeaders}\n${payloadHash}`;
    const stringToSign = `${algorithm}\n${amzDate}\n${scope}\n${hash('sha256', canonicalRequest)}`;
    const key = this.keyOf(secretAccessKey, scope);
    const signature = createHmac('sha256', key).update(stringToSign).digest('hex');
    headers.authorization = `${algorithm} Credential=${accessKeyId}/${scope}, SignedHeaders=${signedHeaders}, Signature=${signature}`;
    return headers;
  }

  private momentOf(now: number): Moment {
    const second = Math.floor(now / 1_000);
    if (this.moment?.second === second) return this.moment;
    const amzDate = `${new Date(second * 1_000).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
    const scope = `${amzDate.slice(0, 8)}/${this.region}/${service}/aws4_request`;
    return (this.moment = { second, amzDate, scope });
  }

  private keyOf(secretAccessKey: string, scope: string): KeyObject {
    if (this.dayKey?.scope === scope && this.dayKey.secretAccessKey === secretAccessKey)
      return this.dayKey.key;
    let material: Buffer | string = `AWS4${secretAccessKey}`;
    for (const part of scope.split('/')) material = createHmac('sha256', material).update(part).digest();
    const key = createSecretKey(Buffer.from(material));
    this.dayKey = { secretAccessKey, scope, key };
    return key;
  }
}

/** `POST /{stage}/@connections/{id}`: the id as the SDK writes it. */
export function encodedSegment(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** What was encoded to be sent is encoded once more to be signed (all services but S3). */
function canonicalPath(path: string): string {
  return path.replaceAll('%', '%25').replaceAll('@', '%40');
}
