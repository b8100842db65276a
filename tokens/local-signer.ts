/**
 * Signs with a private key in this process: the key file that the laptop gateways of a checkout share.
 * Never used for a deployment, whose key cannot leave KMS.
 */
import { createPublicKey, sign, type KeyObject } from 'node:crypto';
import type { Signer } from './jwt';
import { thumbprint } from './thumbprint';

/** @example createLocalSigner(createPrivateKey(pem)) */
export function createLocalSigner(privateKey: KeyObject): Signer {
  return {
    kid: thumbprint(createPublicKey(privateKey)),
    sign: (bytes) => Promise.resolve(sign('sha256', bytes, { key: privateKey, dsaEncoding: 'ieee-p1363' })),
  };
}
