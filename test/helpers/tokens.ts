/**
 * Agent tokens, true and forged. A gateway's tokens are signed here with its key file; those of a stage (`TARGET_URL`) come
 * from the command in `TARGET_TOKEN_COMMAND`, run with `--tenant T --agent A --expires-in 1h [--channels 'a,b.*']`.
 * @example TARGET_TOKEN_COMMAND='npx artcafe token --context ArtCafePubSub'
 */
import { execFile } from 'node:child_process';
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { promisify } from 'node:util';

export type Claims = Readonly<Record<string, unknown>>;

export interface Signer {
  readonly key: KeyObject;
  readonly issuer: string;
  readonly audience: string;
}

/** Header and payload as they are, however wrong; ES256 over both. */
export function signed(header: unknown, payload: unknown, key: KeyObject): string {
  const text = unsigned(header, payload);
  return `${text}.${sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

/** The first two parts, which are what a signature covers. */
export function unsigned(header: unknown, payload: unknown): string {
  return `${encoded(header)}.${encoded(payload)}`;
}

export function encoded(part: unknown): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

/** The name of the key: its thumbprint by RFC 7638. */
export function keyId(key: KeyObject): string {
  const { kty, crv, x, y } = createPublicKey(key).export({ format: 'jwk' });
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
}

export function headerFor(key: KeyObject): Claims {
  return { alg: 'ES256', typ: 'JWT', kid: keyId(key) };
}

/** A key that nobody trusts, until a gateway is started with it. */
export function newKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
}

export async function tokenFromCommand(command: string, options: readonly string[]): Promise<string> {
  const quoted = options.map((option) => `'${option.replaceAll("'", `'\\''`)}'`);
  const { stdout } = await promisify(execFile)('/bin/sh', ['-c', [command, ...quoted].join(' ')]);
  return stdout.trim();
}
