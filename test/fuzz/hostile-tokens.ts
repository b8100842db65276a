/** Tokens that must be refused: a good one with one thing wrong, by hand or by chance, and signed well where that is the point. */
import { createHmac, createPublicKey, type KeyObject } from 'node:crypto';
import fc from 'fast-check';
import { type Claims, encoded, headerFor, newKey, type Signer, signed, unsigned } from '../helpers/tokens';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const strange = ['', '=', '+', '/', '.', ' ', '%', '\u0000', '\n', 'é', '\ud800', '"', ','];

/** `now` in epoch seconds. */
export function hostileToken(signer: Signer, now: number): fc.Arbitrary<string> {
  const { key, issuer, audience } = signer;
  const stranger = newKey();
  const header = headerFor(key);
  const claims: Claims = {
    iss: issuer,
    aud: audience,
    iat: now,
    exp: now + 3_600,
    tenant_id: 't',
    agent_id: 'a',
  };
  const good = signed(header, claims, key);
  const other = signed(header, { ...claims, agent_id: 'b' }, key);

  const badClaims: fc.Arbitrary<Claims> = fc.oneof(
    fc.constantFrom<Claims>(
      { iss: undefined },
      { aud: undefined },
      { exp: undefined },
      { tenant_id: undefined },
      { agent_id: undefined },
      { tenant_id: ['t'] },
      { tenant_id: { toString: 't' } },
      { agent_id: null },
      { agent_id: 0, sub: 'x' },
      { agent_id: true },
      { exp: null },
      { exp: [now + 3_600] },
      { exp: { valueOf: now + 3_600 } },
      { nbf: now + 3_600 },
      { nbf: 'soon' },
    ),
    fc.constantFrom(issuer.toUpperCase(), `${issuer}/`, ` ${issuer}`, '*', '').map((iss) => ({ iss })),
    fc
      .constantFrom<unknown>(audience.toUpperCase(), `${audience}x`, '', [], ['x'], {}, 7)
      .map((aud) => ({ aud })),
    fc.oneof(fc.integer({ min: -(2 ** 31), max: now }), fc.constantFrom(0, -1)).map((exp) => ({ exp })),
    fc.double({ min: 0.001, max: 0.999, noNaN: true }).map((part) => ({ exp: now + 3_600 + part })),
    fc.integer({ min: 11 * 365 * 86_400, max: 2 ** 50 }).map((more) => ({ exp: now + more })),
    fc.constantFrom<unknown>(String(now + 3_600), '1e12', 1e308, true).map((exp) => ({ exp })),
    fc
      .tuple(
        fc.constantFrom('tenant_id', 'agent_id'),
        fc.oneof(
          fc
            .tuple(fc.string(), fc.constantFrom('\u0000', '\u001f', '\u007f', '\u0085', '\ud800', '\udfff'))
            .map(([text, bad]) => text + bad),
          fc.integer({ min: 129, max: 600 }).map((length) => 'x'.repeat(length)),
          fc.constant(''),
        ),
      )
      .map(([name, id]) => ({ [name]: id })),
    fc
      .constantFrom<unknown>(
        'c',
        7,
        true,
        null,
        [7],
        [''],
        ['a b'],
        ['*x'],
        ['a*b'],
        ['**'],
        ['$other'],
        ['$*'],
        ['a', null],
        [['a']],
        { c: 'publish' },
        { c: ['PUBLISH'] },
        { c: ['publish', 'admin'] },
        { 'a b': ['publish'] },
        { c: { publish: true } },
        { '': [] },
      )
      .map((channels) => ({ channels })),
  );
  const badHeader = fc.oneof(
    fc
      .constantFrom('none', 'None', 'NONE', 'HS256', 'HS512', 'RS256', 'ES384', 'ES512', 'EdDSA', '', 'es256')
      .map((alg) => ({
        alg,
      })),
    fc.constantFrom<unknown>(null, 7, ['ES256'], {}).map((alg) => ({ alg })),
    fc
      .oneof(fc.constantFrom<unknown>(undefined, null, 7, '', [], '../x'), fc.string())
      .map((kid) => ({ kid })),
  );
  const foreignHeader = fc.constantFrom<Claims>(
    {},
    headerFor(stranger),
    { jwk: createPublicKey(stranger).export({ format: 'jwk' }) },
    { jku: 'https://keys.invalid/jwks.json' },
    { x5u: 'https://keys.invalid/x' },
    { x5c: ['MIIB'] },
    { kid: '__proto__' },
  );

  return fc.oneof(
    { weight: 4, arbitrary: scratched(good) },
    { weight: 3, arbitrary: badClaims.map((bad) => signed(header, { ...claims, ...bad }, key)) },
    { weight: 1, arbitrary: badHeader.map((bad) => signed({ ...header, ...bad }, claims, key)) },
    { weight: 1, arbitrary: foreignHeader.map((bad) => signed({ ...header, ...bad }, claims, stranger)) },
    {
      weight: 1,
      arbitrary: fc.constantFrom('HS256', 'HS384').map((alg) => keyAsSecret({ ...header, alg }, claims, key)),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom(good, other), fc.constantFrom(good, other), fc.constantFrom(good, other))
        .filter(([first, ...rest]) => rest.some((each) => each !== first) && rest[0] !== rest[1])
        .map(([first, second, third]) =>
          [first, second, third].map((each, part) => each.split('.')[part]).join('.'),
        ),
    },
    {
      weight: 1,
      arbitrary: fc.jsonValue().map((value) => signed(header, isClaims(value) ? [value] : value, key)),
    },
    {
      weight: 1,
      arbitrary: fc.jsonValue().map((value) => `${encoded(value)}.${good.split('.').slice(1).join('.')}`),
    },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 300 }) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        '.',
        '..',
        '...',
        'null',
        '[object Object]',
        `${good}.`,
        `.${good}`,
        `${good}.${good}`,
      ),
    },
    { weight: 1, arbitrary: fc.constantFrom(1_000, 8_000).map((length) => `${good}${'A'.repeat(length)}`) },
  );
}

function isClaims(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** One character less, more or other; or a bit of the decoded bytes. */
function scratched(good: string): fc.Arbitrary<string> {
  return fc
    .tuple(
      fc.nat(good.length - 1),
      fc.constantFrom(...Array.from(alphabet), ...strange),
      fc.constantFrom('replace', 'insert', 'cut'),
    )
    .map(([at, character, how]) => {
      if (how === 'cut') return good.slice(0, at);
      return good.slice(0, at) + character + good.slice(how === 'insert' ? at : at + 1);
    })
    .filter((token) => token !== good);
}

/** The classic mistake: an HMAC whose secret is the public key, in each of its spellings. */
function keyAsSecret(header: Claims, claims: Claims, key: KeyObject): string {
  const text = unsigned(header, claims);
  const secret = createPublicKey(key).export({ format: 'pem', type: 'spki' });
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}
