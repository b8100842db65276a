/** Tokens as others read them: node's own crypto checks the signature, RFC 7638 the name of the key. */
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { signJwt } from '../../tokens/jwt';
import { createLocalSigner } from '../../tokens/local-signer';
import { thumbprint } from '../../tokens/thumbprint';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const signer = createLocalSigner(privateKey);
const decoded = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as unknown;

test('a token is signed with ES256 under the thumbprint of its key', async () => {
  const token = await signJwt({ iss: 'urn:x', tenant_id: 'Zürich €' }, signer);
  const [header = '', payload = '', signature = ''] = token.split('.');
  expect(token).toMatch(/^[\w-]+\.[\w-]+\.[\w-]{86}$/);
  expect(decoded(header)).toEqual({ alg: 'ES256', typ: 'JWT', kid: thumbprint(publicKey) });
  expect(decoded(payload)).toEqual({ iss: 'urn:x', tenant_id: 'Zürich €' });
  const key = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const;
  const raw = Buffer.from(signature, 'base64url');
  expect(verify('sha256', Buffer.from(`${header}.${payload}`), key, raw)).toBe(true);
  expect(verify('sha256', Buffer.from(`${header}.${payload}x`), key, raw)).toBe(false);
});

test('a token that is too long for a URL is not created', async () => {
  const channels = Array.from({ length: 200 }, (_, index) => `channel-number-${index}`);
  await expect(signJwt({ channels }, signer)).rejects.toThrow(/more than the 3800 that fit into a URL/);
});

test('the thumbprint is the one of RFC 7638', () => {
  // Example key of RFC 7517, appendix A.1.
  const key = createPublicKey({
    format: 'jwk',
    key: {
      kty: 'EC',
      crv: 'P-256',
      x: 'MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4',
      y: '4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM',
    },
  });
  expect(thumbprint(key)).toBe('cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s');
});

test('a key of another curve has no name here', () => {
  const other = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  expect(() => thumbprint(other.publicKey)).toThrow('The signing key is not an ECDSA P-256 key.');
});
