/** The KMS signer against a server that answers as KMS does: DER in, r and s out. */
import { generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createKmsSigner } from '../../tokens/kms-signer';
import { thumbprint } from '../../tokens/thumbprint';

const keyArn = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const spki = (key: KeyObject) => key.export({ format: 'der', type: 'spki' }).toString('base64');

const message = Buffer.from('header.payload');
let server: Server;
let asked: { operation: string; body: Record<string, unknown>; authorization: string }[];
let replies: Record<string, () => { status?: number; body: object }>;

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const operation = String(request.headers['x-amz-target']).replace('TrentService.', '');
      const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Record<string, unknown>;
      asked.push({ operation, body, authorization: String(request.headers.authorization) });
      const { status = 200, body: answer } = replies[operation]!();
      response
        .writeHead(status, { 'content-type': 'application/x-amz-json-1.1' })
        .end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  process.env.AWS_ENDPOINT_URL_KMS = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  process.env.AWS_ACCESS_KEY_ID = 'test';
  process.env.AWS_SECRET_ACCESS_KEY = 'test';
});
beforeEach(() => {
  asked = [];
  replies = {
    GetPublicKey: () => ({ body: { KeyId: keyArn, PublicKey: spki(publicKey) } }),
    Sign: () => ({
      body: { KeyId: keyArn, Signature: sign('sha256', message, privateKey).toString('base64') },
    }),
  };
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

test('names the key by its thumbprint and signs the digest, in the region of the key', async () => {
  const signer = await createKmsSigner({ keyArn });
  expect(signer.kid).toBe(thumbprint(publicKey));
  const raw = await signer.sign(message);
  expect(verify('sha256', message, { key: publicKey, dsaEncoding: 'ieee-p1363' }, raw)).toBe(true);
  expect(asked.map(({ operation }) => operation)).toEqual(['GetPublicKey', 'Sign']);
  expect(asked[0]?.authorization).toContain('/eu-central-1/kms/');
  expect(asked[1]?.body).toMatchObject({
    KeyId: keyArn,
    MessageType: 'DIGEST',
    SigningAlgorithm: 'ECDSA_SHA_256',
  });
  expect(Buffer.from(String(asked[1]?.body.Message), 'base64')).toHaveLength(32);
});

test('what KMS refuses is not swallowed', async () => {
  replies.GetPublicKey = () => ({
    status: 400,
    body: { __type: 'AccessDeniedException', message: 'You may not.' },
  });
  await expect(createKmsSigner({ keyArn })).rejects.toThrow('You may not.');
});

test('a key of another kind is refused', async () => {
  const { publicKey: other } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  replies.GetPublicKey = () => ({ body: { KeyId: keyArn, PublicKey: spki(other) } });
  await expect(createKmsSigner({ keyArn })).rejects.toThrow('The signing key is not an ECDSA P-256 key.');
});

test.each(['', 'alias/token', 'arn:aws:s3:::bucket'])('%j is not the ARN of a key', async (arn) => {
  await expect(createKmsSigner({ keyArn: arn })).rejects.toThrow('is not the ARN of a KMS key');
  expect(asked).toEqual([]);
});
