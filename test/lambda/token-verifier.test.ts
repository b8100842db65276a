/** The built-in key: fetched from KMS by hand, and the only one that a token may be signed with. */
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { builtInKeys, jwtTokenVerifier } from '../../lambda/aws/tokens/jwt-token-verifier';
import { getPublicKey } from '../../lambda/aws/tokens/kms-public-key';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const expected = { issuer: 'urn:issuer', audience: 'audience' };
const inAnHour = Math.floor(Date.now() / 1_000) + 3_600;

function thumbprint(key: KeyObject): string {
  const { crv, kty, x, y } = key.export({ format: 'jwk' });
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
}

function token(claims: object = {}, header: object = {}, key = privateKey): string {
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const head = encode({ alg: 'ES256', typ: 'JWT', kid: thumbprint(publicKey), ...header });
  const body = encode({ iss: 'urn:issuer', aud: 'audience', exp: inAnHour, tenant_id: 't', ...claims });
  const signature = sign('sha256', Buffer.from(`${head}.${body}`), { key, dsaEncoding: 'ieee-p1363' });
  return `${head}.${body}.${signature.toString('base64url')}`;
}

/** The signature as DER, as many libraries give it. */
function derSigned(): string {
  const [head = '', body = ''] = token().split('.');
  const der = sign('sha256', Buffer.from(`${head}.${body}`), privateKey);
  return `${head}.${body}.${der.toString('base64url')}`;
}

/** The same bytes in base64url, with the unused bits of the last character turned. */
function respelled(good: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const last = alphabet.indexOf(good.at(-1)!);
  return good.slice(0, -1) + alphabet[last ^ 1]!;
}

describe('tokens of the built-in key', () => {
  const verifier = jwtTokenVerifier(expected, builtInKeys([() => Promise.resolve(publicKey)]));

  test('gives the claims of a good token', async () => {
    expect(await verifier.verify(token())).toMatchObject({ claims: { tenant_id: 't', exp: inAnHour } });
  });

  test.each<[string, () => string, string]>([
    ['of another issuer', () => token({ iss: 'urn:other' }), 'issuer'],
    ['for another audience', () => token({ aud: 'other' }), 'audience'],
    ['without an issuer', () => token({ iss: undefined }), 'issuer'],
    ['without an audience', () => token({ aud: undefined }), 'audience'],
    ['of another key', () => token({}, {}, stranger.privateKey), 'signature'],
    [
      'that names another key',
      () => token({}, { kid: thumbprint(stranger.publicKey) }, stranger.privateKey),
      'key not known',
    ],
    ['that names no key', () => token({}, { kid: undefined }), 'key not known'],
    ['with a signature that is short of a byte', () => token().slice(0, -2), 'signature'],
    ['with a signature in another form', () => derSigned(), 'signature'],
    ['with no algorithm', () => token({}, { alg: 'none' }), 'algorithm'],
    ['with another algorithm', () => token({}, { alg: 'HS256' }), 'algorithm'],
    ['with a header that must be understood', () => token({}, { crit: ['b64'] }), 'crit'],
    ['cut short', () => token().slice(0, -9), 'shape'],
    ['without a signature', () => token().replace(/[^.]*$/, ''), 'shape'],
    // Found by mutation: four bits of the last character of a signature decode to nothing, so 15 other spellings of it verified.
    ['whose signature is spelled in another way', () => respelled(token()), 'shape'],
    ['that is no token', () => 'hello', 'shape'],
    ['that is dots', () => '..', 'shape'],
    ['that is nothing', () => '', 'shape'],
    ['with a bad header', () => `!!.${token().split('.').slice(1).join('.')}`, 'shape'],
    ['with half a character in it', () => token().replace(/^./, '\ud800'), 'shape'],
  ])('refuses a token %s, and says why', async (_, forged, refusedFor) => {
    expect(await verifier.verify(forged())).toEqual({ refusedFor });
  });

  test('leaves the times to those who know the time', async () => {
    const claims = { exp: 1_000_000_000, nbf: inAnHour, iat: inAnHour };
    expect(await verifier.verify(token(claims))).toMatchObject({ claims });
  });

  test('asks for the key once, and again after a failure', async () => {
    let calls = 0;
    const keys = builtInKeys([
      () => {
        calls += 1;
        return calls === 1 ? Promise.reject(new Error('KMS is down')) : Promise.resolve(publicKey);
      },
    ]);
    const flaky = jwtTokenVerifier(expected, keys);
    await expect(flaky.verify(token())).rejects.toThrow('KMS is down');
    expect(await flaky.verify(token())).toHaveProperty('claims');
    expect(await flaky.verify(token())).toHaveProperty('claims');
    expect(calls).toBe(2);
  });
});

describe('two built-in keys, of which one is the one before the rotation', () => {
  const earlier = (): string => token({}, { kid: thumbprint(stranger.publicKey) }, stranger.privateKey);

  test('tokens of either are good', async () => {
    const verifier = jwtTokenVerifier(
      expected,
      builtInKeys([() => Promise.resolve(publicKey), () => Promise.resolve(stranger.publicKey)]),
    );
    expect(await verifier.verify(token())).toHaveProperty('claims');
    expect(await verifier.verify(earlier())).toHaveProperty('claims');
  });

  test('while one can’t be read, the other works, and tokens of the one are not refused but fail', async () => {
    let isDown = true;
    const getEarlier = () =>
      isDown ? Promise.reject(new Error('KMS is down')) : Promise.resolve(stranger.publicKey);
    const verifier = jwtTokenVerifier(expected, builtInKeys([() => Promise.resolve(publicKey), getEarlier]));
    expect(await verifier.verify(token())).toHaveProperty('claims');
    await expect(verifier.verify(earlier())).rejects.toThrow('KMS is down');
    isDown = false;
    expect(await verifier.verify(earlier())).toHaveProperty('claims');
  });
});

describe('getPublicKey', () => {
  const arn = 'arn:aws:kms:eu-west-1:000000000000:key/1';
  let server: Server;
  let env: NodeJS.ProcessEnv;
  let status = 200;
  let seen: { headers: Record<string, unknown>; body: string };

  beforeAll(async () => {
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        seen = { headers: request.headers, body };
        const key = publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
        response.writeHead(status).end(JSON.stringify({ PublicKey: key }));
      });
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    env = {
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'id',
      AWS_SECRET_ACCESS_KEY: 'secret',
      AWS_SESSION_TOKEN: 'session',
      AWS_ENDPOINT_URL_KMS: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`,
    };
  });

  afterAll(
    () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  );

  test('asks KMS with a signed request', async () => {
    const key = await getPublicKey(arn, env);
    expect(thumbprint(key)).toBe(thumbprint(publicKey));
    expect(JSON.parse(seen.body)).toEqual({ KeyId: arn });
    expect(seen.headers).toMatchObject({
      'x-amz-target': 'TrentService.GetPublicKey',
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-security-token': 'session',
      authorization: expect.stringMatching(
        /^AWS4-HMAC-SHA256 Credential=id\/\d{8}\/eu-west-1\/kms\/aws4_request/,
      ),
    });
  });

  test('fails when KMS says no', async () => {
    status = 400;
    await expect(getPublicKey(arn, env)).rejects.toThrow('KMS answered 400');
  });
});
