/** Composes and signs a JWT (RFC 7515, compact form) with ES256. The signer is a local key file or a key in KMS. */
import { TokenError } from './token-error';

/** A URL of a WebSocket API has at most 4,096 characters, and the token is one part of it. */
const maxTokenLength = 3_800;

/** An ECDSA P-256 key that can sign. */
export interface Signer {
  /** RFC 7638 thumbprint of the public key: with it the verifier selects the key. */
  readonly kid: string;
  /** SHA-256 and ECDSA over the bytes; the two numbers as 32 bytes each (r, then s), as JWS wants them. */
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}

/**
 * @throws TokenError when the token is too long for a URL
 * @example await signJwt(createClaims(request), await createKmsSigner({ keyArn }))
 */
export async function signJwt(claims: Readonly<Record<string, unknown>>, signer: Signer): Promise<string> {
  const input = `${encoded({ alg: 'ES256', typ: 'JWT', kid: signer.kid })}.${encoded(claims)}`;
  const signature = await signer.sign(Buffer.from(input, 'ascii'));
  const token = `${input}.${Buffer.from(signature).toString('base64url')}`;
  if (token.length <= maxTokenLength) return token;
  throw new TokenError(
    `The token has ${token.length} characters, more than the ${maxTokenLength} that fit into a URL: name fewer channels.`,
  );
}

function encoded(part: object): string {
  return Buffer.from(JSON.stringify(part), 'utf8').toString('base64url');
}
