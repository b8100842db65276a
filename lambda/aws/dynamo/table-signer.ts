/**
 * Signs the calls to DynamoDB as those to other services are signed, in place of the SDK's signer, which computes for each call
 * what all calls of a second share.
 */
import { hash } from 'node:crypto';
import type { DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { credentialsIn, RequestSigner } from '../calls/request-signer';

type Signer = Exclude<NonNullable<DynamoDBClientConfig['signer']>, (...args: never) => unknown>;
type SignedRequest = Parameters<Signer['sign']>[0];

const contentType = 'application/x-amz-json-1.0';

export class TableSigner implements Signer {
  /** By host and operation: each has headers of its own. */
  private readonly signers = new Map<string, RequestSigner>();

  constructor(private readonly region = process.env.AWS_REGION ?? '') {}

  sign(
    request: SignedRequest,
    { signingDate = new Date() }: Parameters<Signer['sign']>[1] = {},
  ): Promise<SignedRequest> {
    const { host = '', 'x-amz-target': target = '' } = request.headers;
    const signed = this.signerOf(host, target).sign(
      {
        method: 'POST',
        path: request.path,
        payloadHash: hash('sha256', request.body as Uint8Array | string),
        contentType,
      },
      credentialsIn(process.env),
      new Date(signingDate).getTime(),
    );
    Object.assign(request.headers, signed);
    // All headers that begin with `x-amz-` have to be signed. This one repeats `user-agent`.
    delete request.headers['x-amz-user-agent'];
    return Promise.resolve(request);
  }

  private signerOf(host: string, target: string): RequestSigner {
    const key = `${host} ${target}`;
    const known = this.signers.get(key);
    if (known !== undefined) return known;
    const signer = new RequestSigner(host, this.region, 'dynamodb', { 'x-amz-target': target });
    this.signers.set(key, signer);
    return signer;
  }
}
