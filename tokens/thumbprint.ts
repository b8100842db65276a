/**
 * The id of a public key: its RFC 7638 thumbprint. It is computed from the key, so the authorizer needs no list of
 * keys.
 */
import { createHash, type KeyObject } from 'node:crypto';
import { TokenError } from './token-error';

/** @example thumbprint(createPublicKey(pem)) // 'oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U' */
export function thumbprint(publicKey: KeyObject): string {
  const { kty, crv, x, y } = publicKey.export({ format: 'jwk' });
  if (kty !== 'EC' || crv !== 'P-256') throw new TokenError('The signing key is not an ECDSA P-256 key.');
  // The required members in alphabetical order, without spaces: RFC 7638, section 3.
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
}
