/** What a token needs besides the wishes of its user: issuer, audience and a signer, which for a stack is its key in KMS. */
import { parseSettings, type Settings } from '../lib/settings/config';
import type { Signer } from '../tokens/jwt';
import { createKmsSigner, type KmsSignerOptions } from '../tokens/kms-signer';
import { UsageError } from './usage-error';

/** The required claims of a token, and its signer. */
export interface Mint {
  readonly issuer: string;
  readonly audience: string;
  readonly signer: Signer;
  /** Of the claims; absent = not known here. */
  readonly names?: Settings['claims'];
}

/**
 * Reads the public key, so that the signer knows its name.
 * @throws UsageError when the stack has no key of its own, or KMS refuses
 */
export async function mintOfStack(
  outputs: Readonly<Partial<Record<string, string>>>,
  stack: string,
  client: KmsSignerOptions['client'] = {},
): Promise<Mint> {
  const { TokenIssuer: issuer, TokenAudience: audience, TokenKeyArn: keyArn, TokenClaims: names } = outputs;
  if (issuer === undefined || audience === undefined) {
    throw new UsageError(`The outputs of "${stack}" name no token issuer; deploy it again.`);
  }
  if (keyArn === undefined) throw tokensComeFrom(issuer);
  const signer = await describeKmsError('read the public key', () => createKmsSigner({ keyArn, client }));
  const sign: Signer['sign'] = (bytes) => describeKmsError('sign', () => signer.sign(bytes));
  return {
    ...{ issuer, audience, signer: { kid: signer.kid, sign } },
    ...(names !== undefined && { names: parseSettings({ claims: JSON.parse(names) as unknown }).claims }),
  };
}

/** Errors of AWS (no credentials, no permission, another account) are for the operator to fix. */
async function describeKmsError<Result>(what: string, call: () => Promise<Result>): Promise<Result> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof Error && error.name !== 'TokenError') {
      throw new UsageError(`KMS did not ${what}: ${error.message}`, { cause: error });
    }
    throw error;
  }
}

export function tokensComeFrom(issuer: string): UsageError {
  return new UsageError(`Tokens come from ${issuer}: ask that issuer for one.`);
}
