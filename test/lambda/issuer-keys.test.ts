/** Keys of an OIDC issuer: found, read again, and never blocked by a stranger. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { IssuerKeys, type IssuerKeysOptions } from '../../lambda/aws/tokens/issuer-keys';
import { jwtTokenVerifier, type TokenTerms } from '../../lambda/aws/tokens/jwt-token-verifier';
import { signed } from '../helpers/tokens';

const issuer = 'https://login.example.com';
const key = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const otherKey = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const inAnHour = Math.floor(Date.now() / 1_000) + 3_600;

function jwk(publicKey: KeyObject, kid: string | undefined, more: object = {}): object {
  return { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', ...more };
}

function token(kid: string | undefined, claims: object = {}, header: object = {}, by = key): string {
  const payload = { iss: issuer, aud: 'bus', exp: inAnHour, sub: 'alice', ...claims };
  return signed({ alg: 'ES256', typ: 'JWT', kid, ...header }, payload, by.privateKey);
}

/** An issuer whose documents the test writes. */
class Issuer {
  documents: Record<string, unknown> = {};
  readonly fetched: string[] = [];
  now = 0;
  readonly options: IssuerKeysOptions = {
    issuer,
    jwksUri: undefined,
    clock: { monotonic: () => this.now },
    fetchJson: (url) => {
      this.fetched.push(url);
      return url in this.documents
        ? Promise.resolve(JSON.parse(JSON.stringify(this.documents[url])))
        : Promise.reject(new Error(`${url} answers with status 404`));
    },
  };

  constructor(...keys: object[]) {
    this.serve(...keys);
  }

  serve(...keys: object[]): void {
    this.documents = { [`${issuer}/.well-known/jwks.json`]: { keys } };
  }

  verifier(terms: Partial<TokenTerms> = {}, options: Partial<IssuerKeysOptions> = {}) {
    const keys = new IssuerKeys({ ...this.options, ...options });
    return jwtTokenVerifier({ issuer, audience: 'bus', ...terms }, keys);
  }
}

const isGood = {
  claims: expect.objectContaining({ sub: 'alice' }) as object,
  keyId: expect.any(String) as string,
};
const one = jwk(key.publicKey, 'one');
const two = jwk(otherKey.publicKey, 'two');

describe('the keys are found', () => {
  test('at the address of the settings, without asking for another', async () => {
    const site = new Issuer();
    site.documents = { 'https://keys.example.com/': { keys: [one] } };
    const verifier = site.verifier({}, { jwksUri: 'https://keys.example.com/' });
    expect(await verifier.verify(token('one'))).toEqual(isGood);
    expect(site.fetched).toEqual(['https://keys.example.com/']);
  });

  test('by discovery, once', async () => {
    const site = new Issuer();
    site.documents = {
      [`${issuer}/.well-known/openid-configuration`]: { jwks_uri: 'https://keys.example.com/' },
      'https://keys.example.com/': { keys: [one] },
    };
    const verifier = site.verifier();
    expect(await verifier.verify(token('one'))).toEqual(isGood);
    site.now += 600_000;
    expect(await verifier.verify(token('one'))).toEqual(isGood);
    expect(site.fetched).toEqual([
      `${issuer}/.well-known/openid-configuration`,
      'https://keys.example.com/',
      'https://keys.example.com/',
    ]);
  });

  test('at the usual place where nothing is to be discovered', async () => {
    expect(await new Issuer(one).verifier().verify(token('one'))).toEqual(isGood);
  });

  test('once for tokens that come together', async () => {
    const site = new Issuer(one);
    const verifier = site.verifier({}, { jwksUri: `${issuer}/.well-known/jwks.json` });
    await Promise.all(Array.from({ length: 20 }, () => verifier.verify(token('one'))));
    expect(site.fetched).toHaveLength(1);
  });
});

describe('beside the right key may stand', () => {
  test.each<[string, object]>([
    ['one for encryption', { ...one, use: 'enc' }],
    ['one of a kind to come', { kty: 'AKP', kid: 'pq', alg: 'ML-DSA-44', pub: 'AAAA' }],
    ['a damaged one', { kty: 42 }],
    ['no key at all', 'key' as unknown as object],
    ['one without a name', jwk(otherKey.publicKey, undefined)],
  ])('%s', async (_, other) => {
    expect(await new Issuer(other, one).verifier().verify(token('one'))).toEqual(isGood);
  });

  test('nothing where neither key nor token has a name', async () => {
    const nameless = jwk(key.publicKey, undefined);
    expect(await new Issuer(nameless).verifier().verify(token(undefined))).toEqual({ claims: isGood.claims });
    expect(await new Issuer(nameless, two).verifier().verify(token(undefined))).toEqual({
      refusedFor: 'key not known',
    });
  });

  test('a short RSA key, which signs for nobody', async () => {
    for (const [bits, expected] of [
      [2_048, isGood],
      [1_024, { refusedFor: 'key not known' }],
    ] as const) {
      const rsa = generateKeyPairSync('rsa', { modulusLength: bits });
      const site = new Issuer(jwk(rsa.publicKey, 'rsa', { alg: 'RS256' }));
      expect(await site.verifier().verify(token('rsa', {}, { alg: 'RS256' }, rsa))).toEqual(expected);
    }
  });
});

describe('keys change', () => {
  test('a new one works at once, also right after strangers named others', async () => {
    const site = new Issuer(one);
    const verifier = site.verifier();
    for (const kid of ['junk', 'trash', 'noise'])
      expect(await verifier.verify(token(kid))).toEqual({ refusedFor: 'key not known' });
    site.serve(one, two);
    expect(await verifier.verify(token('two', {}, {}, otherKey))).toEqual(isGood);
  });

  test('a flood of unknown names asks the issuer every two seconds, and hides neither known nor new keys', async () => {
    const site = new Issuer(one);
    const verifier = site.verifier();
    for (let n = 0; n < 200; n++) {
      site.now += 100;
      await verifier.verify(token(`junk-${String(n)}`));
      expect(await verifier.verify(token('one'))).toEqual(isGood);
    }
    expect(site.fetched.filter((url) => url.endsWith('jwks.json')).length).toBeLessThanOrEqual(1 + 5 + 10);
    site.serve(one, two);
    site.now += 2_000;
    await verifier.verify(token('junk'));
    expect(await verifier.verify(token('two', {}, {}, otherKey))).toEqual(isGood);
  });

  test('a removed one stops working within ten minutes', async () => {
    const site = new Issuer(one, two);
    const verifier = site.verifier();
    expect(await verifier.verify(token('two', {}, {}, otherKey))).toEqual(isGood);
    site.serve(one);
    site.now += 600_000;
    expect(await verifier.verify(token('two', {}, {}, otherKey))).toEqual({ refusedFor: 'key not known' });
    expect(await verifier.verify(token('one'))).toEqual(isGood);
  });

  test('a name that gets another key gets it within ten minutes', async () => {
    const site = new Issuer(one);
    const verifier = site.verifier();
    await verifier.verify(token('one'));
    site.serve(jwk(otherKey.publicKey, 'one'));
    site.now += 600_000;
    expect(await verifier.verify(token('one', {}, {}, otherKey))).toEqual(isGood);
    expect(await verifier.verify(token('one'))).toEqual({ refusedFor: 'signature' });
  });
});

describe('an issuer that is away', () => {
  test('costs nobody a connection for an hour, and is asked twice a minute at most', async () => {
    const site = new Issuer(one);
    const verifier = site.verifier();
    await verifier.verify(token('one'));
    site.documents = {};
    const before = site.fetched.length;
    for (let second = 600; second < 3_600; second++) {
      site.now = second * 1_000;
      expect(await verifier.verify(token('one'))).toEqual(isGood);
    }
    expect(site.fetched.length - before).toBeLessThanOrEqual(2 * 100);
    site.now = 3_600_000;
    await expect(verifier.verify(token('one'))).rejects.toThrow('404');
  });

  test('at first says nothing about the token, and does no harm when it is back', async () => {
    const site = new Issuer();
    site.documents = {};
    const verifier = site.verifier();
    await expect(verifier.verify(token('one'))).rejects.toThrow('404');
    site.serve(one);
    expect(await verifier.verify(token('one'))).toEqual(isGood);
  });

  test('with a document of another shape says nothing about the token', async () => {
    const site = new Issuer();
    site.documents = { [`${issuer}/.well-known/jwks.json`]: { keys: 'none' } };
    await expect(site.verifier().verify(token('one'))).rejects.toThrow('list of keys');
  });
});

describe('what the settings ask for', () => {
  const verify = (terms: Partial<TokenTerms>, claims: object, header: object = {}) =>
    new Issuer(one).verifier(terms).verify(token('one', claims, header));

  test.each<[string, Partial<TokenTerms>, object, object, object]>([
    ['an audience in a list', {}, { aud: ['bus', 'other'] }, {}, isGood],
    ['no audience', {}, { aud: undefined }, {}, { refusedFor: 'audience' }],
    ['no audience, as set', { audience: null }, { aud: undefined }, {}, isGood],
    [
      'the access token of Cognito',
      { audience: null, clientId: 'app', tokenUse: 'access' },
      { aud: undefined, client_id: 'app', token_use: 'access' },
      {},
      isGood,
    ],
    ['its id token', { tokenUse: 'access' }, { token_use: 'id' }, {}, { refusedFor: 'token_use' }],
    ['the token of another client', { clientId: 'app' }, { client_id: 'b' }, {}, { refusedFor: 'client_id' }],
    ['azp for client_id', { clientId: 'app' }, { azp: 'app' }, {}, isGood],
    [
      'client_id before azp',
      { clientId: 'app' },
      { client_id: 'b', azp: 'app' },
      {},
      { refusedFor: 'client_id' },
    ],
    ['typ', { types: ['at+jwt'] }, {}, { typ: 'AT+JWT' }, isGood],
    ['another typ', { types: ['at+jwt'] }, {}, {}, { refusedFor: 'typ' }],
    ['an algorithm', { algorithms: ['ES256'] }, {}, {}, isGood],
    ['another algorithm', { algorithms: ['RS256'] }, {}, {}, { refusedFor: 'algorithm' }],
    ['another issuer', {}, { iss: `${issuer}/` }, {}, { refusedFor: 'issuer' }],
    ['a header that must be understood', {}, {}, { crit: ['exp'] }, { refusedFor: 'crit' }],
  ])('%s', async (_, terms, claims, header, expected) => {
    expect(await verify(terms, claims, header)).toEqual(expected);
  });
});
