/**
 * Signs with a deployment's key in KMS, with the operator's own AWS credentials. Imports the SDK only when a signer
 * is created, because a token for the laptop gateway does not need it.
 */
import { createHash, createPublicKey } from 'node:crypto';
import type { KMSClientConfig } from '@aws-sdk/client-kms';
import { rawSignature } from './der';
import type { Signer } from './jwt';
import { thumbprint } from './thumbprint';
import { TokenError } from './token-error';

export interface KmsSignerOptions {
  readonly keyArn: string;
  /** Where KMS is and who asks; default: AWS, with the operator's own credentials. */
  readonly client?: KMSClientConfig;
}

/**
 * The SDK reads the endpoint (`AWS_ENDPOINT_URL_KMS`) and the credentials; the region comes from the ARN.
 * @throws TokenError when it is not the ARN of a KMS key
 * @example await createKmsSigner({ keyArn: 'arn:aws:kms:eu-west-1:111122223333:key/…' })
 */
export async function createKmsSigner({ keyArn, client: config }: KmsSignerOptions): Promise<Signer> {
  const region = regionOf(keyArn);
  const { GetPublicKeyCommand, KMSClient, SignCommand } = await import('@aws-sdk/client-kms');
  const client = new KMSClient({ region, ...config });
  const { PublicKey: spki } = await client.send(new GetPublicKeyCommand({ KeyId: keyArn }));
  if (spki === undefined) throw new TokenError('KMS returned no public key.');
  const publicKey = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  return {
    kid: thumbprint(publicKey),
    async sign(bytes) {
      const { Signature: der } = await client.send(
        new SignCommand({
          KeyId: keyArn,
          // The digest, because KMS limits a raw message to 4,096 bytes.
          Message: createHash('sha256').update(bytes).digest(),
          MessageType: 'DIGEST',
          SigningAlgorithm: 'ECDSA_SHA_256',
        }),
      );
      if (der === undefined) throw new TokenError('KMS returned no signature.');
      return rawSignature(der);
    },
  };
}

function regionOf(keyArn: string): string {
  const [, region] = /^arn:[\w-]+:kms:([a-z0-9-]+):\d{12}:key\/[\w-]+$/.exec(keyArn) ?? [];
  if (region === undefined) throw new TokenError(`"${keyArn}" is not the ARN of a KMS key.`);
  return region;
}
