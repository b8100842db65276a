/**
 * Signs with a deployment's key in KMS, with the operator's own AWS credentials.
 * Loads the SDK when a signer is made and not before: minting for a laptop must not wait for it.
 */
import { createHash, createPublicKey } from 'node:crypto';
import { rawSignature } from './der';
import type { Signer } from './jwt';
import { thumbprint } from './thumbprint';
import { TokenError } from './token-error';

export interface KmsSignerOptions {
  readonly keyArn: string;
}

/**
 * Another endpoint (`AWS_ENDPOINT_URL_KMS`) and the credentials are the SDK's business; the region is the key's.
 * @throws TokenError when the ARN is none of a KMS key
 * @example await createKmsSigner({ keyArn: 'arn:aws:kms:eu-west-1:111122223333:key/…' })
 */
export async function createKmsSigner({ keyArn }: KmsSignerOptions): Promise<Signer> {
  const region = regionOf(keyArn);
  const { GetPublicKeyCommand, KMSClient, SignCommand } = await import('@aws-sdk/client-kms');
  const client = new KMSClient({ region });
  const { PublicKey: spki } = await client.send(new GetPublicKeyCommand({ KeyId: keyArn }));
  if (spki === undefined) throw new TokenError('KMS gave no public key.');
  const publicKey = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  return {
    kid: thumbprint(publicKey),
    async sign(bytes) {
      const { Signature: der } = await client.send(
        new SignCommand({
          KeyId: keyArn,
          // The digest and not the bytes, which KMS would limit to 4,096.
          Message: createHash('sha256').update(bytes).digest(),
          MessageType: 'DIGEST',
          SigningAlgorithm: 'ECDSA_SHA_256',
        }),
      );
      if (der === undefined) throw new TokenError('KMS gave no signature.');
      return rawSignature(der);
    },
  };
}

function regionOf(keyArn: string): string {
  const [, region] = /^arn:[\w-]+:kms:([a-z0-9-]+):\d{12}:key\/[\w-]+$/.exec(keyArn) ?? [];
  if (region === undefined) throw new TokenError(`"${keyArn}" is not the ARN of a KMS key.`);
  return region;
}
