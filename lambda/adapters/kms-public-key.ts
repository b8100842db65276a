/**
 * One GetPublicKey call by hand: the KMS client would be ten times the size of the authorizer.
 * Source: AWS KMS API reference, GetPublicKey (JSON 1.1).
 */
import { createHash, createHmac, createPublicKey, type KeyObject } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { SignatureV4 } from '@smithy/signature-v4';

const callMs = 2_000;

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

/** The public half of an asymmetric KMS key. Throws when KMS can't be reached or says no. */
export async function getPublicKey(keyArn: string, env: NodeJS.ProcessEnv = process.env): Promise<KeyObject> {
  const region = env.AWS_REGION ?? keyArn.split(':')[3] ?? '';
  const endpoint = new URL(env.AWS_ENDPOINT_URL_KMS ?? `https://kms.${region}.${partitionSuffix(keyArn)}`);
  const body = JSON.stringify({ KeyId: keyArn });
  const signer = new SignatureV4({
    service: 'kms',
    region,
    sha256: Sha256,
    credentials: {
      accessKeyId: env.AWS_ACCESS_KEY_ID ?? '',
      secretAccessKey: env.AWS_SECRET_ACCESS_KEY ?? '',
      ...(env.AWS_SESSION_TOKEN === undefined ? {} : { sessionToken: env.AWS_SESSION_TOKEN }),
    },
  });
  const { headers } = await signer.sign({
    method: 'POST',
    protocol: endpoint.protocol,
    hostname: endpoint.hostname,
    path: endpoint.pathname,
    query: {},
    headers: {
      host: endpoint.host,
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'TrentService.GetPublicKey',
    },
    body,
  });
  const answer = (await post(endpoint, headers, body)) as { PublicKey?: unknown };
  if (typeof answer.PublicKey !== 'string') throw new Error('KMS answered without a public key');
  return createPublicKey({ key: Buffer.from(answer.PublicKey, 'base64'), format: 'der', type: 'spki' });
}

function partitionSuffix(keyArn: string): string {
  return keyArn.startsWith('arn:aws-cn:') ? 'amazonaws.com.cn' : 'amazonaws.com';
}

function post(endpoint: URL, headers: Record<string, string>, body: string): Promise<unknown> {
  const request = endpoint.protocol === 'http:' ? httpRequest : httpsRequest;
  return new Promise((resolve, reject) => {
    const call = request(
      endpoint,
      { method: 'POST', headers, signal: AbortSignal.timeout(callMs) },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          if (response.statusCode !== 200)
            reject(new Error(`KMS answered ${response.statusCode ?? 'nothing'}`));
          else resolve(JSON.parse(Buffer.concat(chunks).toString()));
        });
      },
    );
    call.on('error', reject);
    call.end(body);
  });
}
