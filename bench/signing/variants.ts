/**
 * The process that signs: measures microseconds per signature of each variant, in several rounds, on the Node that
 * runs it.
 */
import { createHmac, createSecretKey, randomBytes } from 'node:crypto';
import { RequestSigner } from '../../lambda/aws/calls/request-signer';
import { serveIpc } from '../serve-ipc';

export interface SigningTask {
  readonly rounds: number;
  readonly signatures: number;
}

export interface SigningFigures {
  readonly node: string;
  /** Variant → microseconds per signature, one per round. */
  readonly microseconds: Readonly<Record<string, readonly number[]>>;
}

const raw = randomBytes(32);
const keyObject = createSecretKey(raw);
const signer = new RequestSigner('abcdefghij.execute-api.us-east-1.amazonaws.com', 'us-east-1');
const credentials = { accessKeyId: 'bench', secretAccessKey: 'bench', sessionToken: 'bench'.repeat(100) };
const now = Date.now();
const text = 'x'.repeat(138);
const payloadHash = 'f'.repeat(64);

const variants: Readonly<Record<string, (number: number) => unknown>> = {
  'HMAC alone, createHmac with a raw key': () => createHmac('sha256', raw).update(text).digest('hex'),
  'HMAC alone, createHmac with a KeyObject (ours)': () =>
    createHmac('sha256', keyObject).update(text).digest('hex'),
  'all headers of a post (ours)': (number) =>
    signer.sign(
      {
        method: 'POST',
        path: `/ws/@connections/abcdefgh${number}%3D`,
        payloadHash,
        contentType: 'application/octet-stream',
      },
      credentials,
      now,
    ),
};

serveIpc(({ rounds, signatures }: SigningTask): Promise<SigningFigures> => {
  const microseconds: Record<string, number[]> = {};
  // Interleaved. The first round only warms up the compiler.
  for (let round = 0; round <= rounds; round++) {
    for (const [variant, sign] of Object.entries(variants)) {
      const begin = process.cpuUsage();
      for (let number = 0; number < signatures; number++) sign(number);
      const { user, system } = process.cpuUsage(begin);
      if (round > 0) (microseconds[variant] ??= []).push((user + system) / signatures);
    }
  }
  return Promise.resolve({ node: process.versions.node, microseconds });
});
