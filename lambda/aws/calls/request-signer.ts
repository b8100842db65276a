/**
 * AWS Signature Version 4. Everything that the calls of one second share is computed once, because a fan-out signs thousands.
 * Source: AWS IAM user guide, "Create a signed AWS API request". A test compares it with `@smithy/signature-v4`.
 */
import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto';

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
  readonly credentials: Credentials;
  /** `20261125T041300Z`. */
  readonly amzDate: string;
  /** First two lines of the text to sign, and what stands before the signature in the header. */
  readonly signingPrefix: string;
  readonly credential: string;
  readonly key: KeyObject;
  /** Canonical headers after the payload's hash, and the names of those after the content type. */
  readonly canonicalTail: string;
  readonly names: string;
}

/** The key of one day. As a `KeyObject`: with a raw buffer, `createHmac` is several times slower on Node 24. */
interface DayKey {
  readonly secretAccessKey: string;
  readonly scope: string;
  readonly key: KeyObject;
}

export class RequestSigner {
  private moment: Moment | undefined;
  private dayKey: DayKey | undefined;

  constructor(
    private readonly host: string,
    private readonly region: string,
    private readonly service = 'execute-api',
    /** Headers of every request; their names begin with `x-amz-` and follow `x-amz-content-sha256` in the alphabet. */
    private readonly serviceHeaders: Readonly<Record<string, string>> = {},
  ) {}

  /** All headers of the request. `now` in epoch milliseconds. */
  sign(request: SigningRequest, credentials: Credentials, now: number): SignedHeaders {
    const { amzDate, signingPrefix, credential, key, canonicalTail, names } = this.momentOf(credentials, now);
    const { method, path, payloadHash, contentType } = request;
    const { sessionToken } = credentials;
    // Names in the order of the alphabet, which is the canonical one.
    const signedNames = contentType === undefined ? names : `content-type;${names}`;
    const firstHeader = contentType === undefined ? '' : `content-type:${contentType}\n`;
    const canonicalRequest = `${method}\n${canonicalPath(path)}\n\n${firstHeader}host:${this.host}\nx-amz-content-sha256:${payloadHash}\n${canonicalTail}\n${signedNames}\n${payloadHash}`;
    const signature = createHmac('sha256', key)
      .update(signingPrefix + hash('sha256', canonicalRequest))
      .digest('hex');
    const headers: SignedHeaders = {
      host: this.host,
      'x-amz-content-sha256': payloadHash,
      'x-amz-date': amzDate,
      ...this.serviceHeaders,
      authorization: `${credential}${signedNames}, Signature=${signature}`,
    };
    if (contentType !== undefined) headers['content-type'] = contentType;
    if (sessionToken) headers['x-amz-security-token'] = sessionToken;
    return headers;
  }

  private momentOf(credentials: Credentials, now: number): Moment {
    const second = Math.floor(now / 1_000);
    const { moment } = this;
    if (moment?.second === second && isSame(moment.credentials, credentials)) return moment;
    const { accessKeyId, secretAccessKey, sessionToken } = credentials;
    const amzDate = `${new Date(second * 1_000).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
    const scope = `${amzDate.slice(0, 8)}/${this.region}/${this.service}/aws4_request`;
    const tail: SignedHeaders = { 'x-amz-date': amzDate, ...this.serviceHeaders };
    // An empty token is none.
    if (sessionToken) tail['x-amz-security-token'] = sessionToken;
    const tailNames = Object.keys(tail).sort();
    return (this.moment = {
      second,
      credentials,
      amzDate,
      signingPrefix: `${algorithm}\n${amzDate}\n${scope}\n`,
      credential: `${algorithm} Credential=${accessKeyId}/${scope}, SignedHeaders=`,
      key: this.keyOf(secretAccessKey, scope),
      canonicalTail: tailNames.map((name) => `${name}:${tail[name] ?? ''}\n`).join(''),
      names: ['host', 'x-amz-content-sha256', ...tailNames].join(';'),
    });
  }

  private keyOf(secretAccessKey: string, scope: string): KeyObject {
    if (this.dayKey?.scope === scope && this.dayKey.secretAccessKey === secretAccessKey)
      return this.dayKey.key;
    let material: Buffer = Buffer.from(`AWS4${secretAccessKey}`);
    for (const part of scope.split('/')) material = createHmac('sha256', material).update(part).digest();
    const key = createSecretKey(material);
    this.dayKey = { secretAccessKey, scope, key };
    return key;
  }
}

/** Read for every call: Lambda may replace them while the function lives. */
export function credentialsIn(env: NodeJS.ProcessEnv): Credentials {
  return {
    accessKeyId: env.AWS_ACCESS_KEY_ID ?? '',
    secretAccessKey: env.AWS_SECRET_ACCESS_KEY ?? '',
    sessionToken: env.AWS_SESSION_TOKEN,
  };
}

function isSame(one: Credentials, other: Credentials): boolean {
  return (
    one.accessKeyId === other.accessKeyId &&
    one.secretAccessKey === other.secretAccessKey &&
    one.sessionToken === other.sessionToken
  );
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
