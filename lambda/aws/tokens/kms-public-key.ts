/**
 * One GetPublicKey call by hand: the KMS client would be ten times the size of the authorizer.
 * Source: AWS KMS API reference, GetPublicKey (JSON 1.1).
 */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { signedPost } from '../calls/signed-post';

const callMs = 2_000;

/** The public half of an asymmetric KMS key. Throws when KMS can't be reached or says no. */
export async function getPublicKey(keyArn: string, env: NodeJS.ProcessEnv = process.env): Promise<KeyObject> {
  const region = env.AWS_REGION ?? keyArn.split(':')[3] ?? '';
  const url = new URL(env.AWS_ENDPOINT_URL_KMS ?? `https://kms.${region}.${partitionSuffix(keyArn)}`);
  const contentType = 'application/x-amz-json-1.1';
  const serviceHeaders = { 'x-amz-target': 'TrentService.GetPublicKey' };
  const body = JSON.stringify({ KeyId: keyArn });
  const call = { service: 'kms', region, url, contentType, serviceHeaders, body, timeoutMs: callMs };
  const answer = await signedPost(call, env);
  if (answer.status !== 200) throw new Error(`KMS answered ${answer.status || 'nothing'}`);
  const { PublicKey: publicKey } = JSON.parse(answer.body) as { PublicKey?: unknown };
  if (typeof publicKey !== 'string') throw new Error('KMS answered without a public key');
  return createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' });
}

function partitionSuffix(keyArn: string): string {
  return keyArn.startsWith('arn:aws-cn:') ? 'amazonaws.com.cn' : 'amazonaws.com';
}
