/**
 * The files for the template's KMS keys. All gateways of a checkout share it, so that a token of one is valid for
 * the others.
 */
import { createPrivateKey, generateKeyPairSync, randomUUID, type KeyObject } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, parse } from 'node:path';
import { GatewayError } from '../gateway-error';
import { codeOf } from '../json';

/** The file of the key with that number: `key.pem` of the first, `key-2.pem` of the second. */
export function numberedKeyFile(file: string, number: number): string {
  const { dir, name, ext } = parse(file);
  return number === 1 ? file : join(dir, `${name}-${String(number)}${ext}`);
}

/** The P-256 private key in `file`, created (readable by its owner only) when it is missing. */
export function loadOrCreateKey(file: string): KeyObject {
  const existing = readKey(file);
  if (existing !== undefined) return existing;
  mkdirSync(dirname(file), { recursive: true });
  const draft = `${file}.${randomUUID()}`;
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  writeFileSync(draft, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  try {
    // A link is atomic: it has the whole content, or it fails because another process was first.
    linkSync(draft, file);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  } finally {
    rmSync(draft);
  }
  return readKey(file) ?? privateKey;
}

function readKey(file: string): KeyObject | undefined {
  let key: KeyObject;
  try {
    key = createPrivateKey(readFileSync(file));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw new GatewayError(
      `The key file ${file} cannot be read.`,
      'Delete it; the next start creates a new key.',
      {
        cause: error,
      },
    );
  }
  if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw new GatewayError(
      `The key in ${file} is not a P-256 key.`,
      'Delete it; the next start creates a new key.',
    );
  }
  return key;
}
