/**
 * Conformance: tokens that must never be admitted, each with everything right but one thing (rules CON-3, TOK-1, TOK-2).
 * A refusal must also leave no trace of the token in the log.
 */
import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fresh } from '../helpers/bus';
import { statusOf } from '../helpers/handshake';
import { needs } from '../helpers/target';
import { type Claims, encoded, headerFor, keyId, newKey, signed, unsigned } from '../helpers/tokens';
import { useBus } from '../helpers/use-bus';

const bus = useBus();
let tenant: string;
let keyServer: Server;
let keyServerUrl: string;
let keyServerCalls = 0;
/** Every token that a test of this file has presented. */
const presented = new Set<string>();

beforeAll(async () => {
  tenant = fresh('tenant');
  keyServer = createServer((_, response) => {
    keyServerCalls += 1;
    response.end('{"keys":[]}');
  });
  await new Promise<void>((resolve) => {
    keyServer.listen(0, '127.0.0.1', resolve);
  });
  keyServerUrl = `http://127.0.0.1:${(keyServer.address() as AddressInfo).port}/keys.json`;
});
afterAll(() => {
  keyServer.close();
});

interface Parts {
  readonly header: Claims;
  readonly claims: Claims;
  readonly key: KeyObject;
}

/** The parts of a token that would be admitted. */
function parts(): Parts {
  const { key, issuer, audience } = bus.inside.signer;
  const claims = {
    iss: issuer,
    aud: audience,
    iat: bus.seconds(),
    exp: bus.seconds() + 3_600,
    tenant_id: tenant,
    agent_id: 'a',
  };
  return { header: headerFor(key), claims, key };
}

async function present(token: string, query: Record<string, string> = {}): Promise<number> {
  presented.add(token);
  return statusOf(bus.url({ token, ...query }));
}

const withKey = needs('signing key');

/** Each case makes one token from the parts of a good one. */
function refuses(title: string, forge: (good: Parts) => string): void {
  withKey(`CON-3 401 for ${title}`, async () => {
    expect(await present(forge(parts()))).toBe(401);
  });
}

/** The token is rightly signed; only these claims are changed, and `undefined` takes one away. */
function refusesClaims(title: string, change: (now: number) => Claims): void {
  withKey(title, async () => {
    const { header, claims, key } = parts();
    expect(await present(signed(header, { ...claims, ...change(bus.seconds()) }, key))).toBe(401);
  });
}

withKey('CON-3 the parts that the cases below change one by one make a token that is admitted', async () => {
  const { header, claims, key } = parts();
  expect(await present(signed(header, claims, key))).toBe(101);
});

describe('other algorithms', () => {
  refuses(
    'alg none without a signature',
    ({ header, claims }) => `${unsigned({ ...header, alg: 'none' }, claims)}.`,
  );
  refuses('alg None', ({ header, claims }) => `${unsigned({ ...header, alg: 'None' }, claims)}.`);
  refuses('alg none with the true signature', ({ header, claims, key }) =>
    signed({ ...header, alg: 'none' }, claims, key),
  );
  refuses('no alg', ({ header, claims, key }) => signed({ ...header, alg: undefined }, claims, key));
  refuses('alg es256', ({ header, claims, key }) => signed({ ...header, alg: 'es256' }, claims, key));
  refuses('alg ES384', ({ header, claims, key }) => signed({ ...header, alg: 'ES384' }, claims, key));
  refuses('a list as alg', ({ header, claims, key }) => signed({ ...header, alg: ['ES256'] }, claims, key));

  refuses('HS256 with the public key as PEM', ({ header, claims, key }) => {
    const text = unsigned({ ...header, alg: 'HS256' }, claims);
    const secret = createPublicKey(key).export({ type: 'spki', format: 'pem' });
    return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
  });
  refuses('HS256 with the public key as DER', ({ header, claims, key }) => {
    const text = unsigned({ ...header, alg: 'HS256' }, claims);
    const secret = createPublicKey(key).export({ type: 'spki', format: 'der' });
    return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
  });
  refuses('HS256 with the public key as JWK', ({ header, claims, key }) => {
    const text = unsigned({ ...header, alg: 'HS256' }, claims);
    const secret = JSON.stringify(createPublicKey(key).export({ format: 'jwk' }));
    return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
  });
  refuses('HS256 with an empty secret', ({ header, claims }) => {
    const text = unsigned({ ...header, alg: 'HS256' }, claims);
    return `${text}.${createHmac('sha256', '').update(text).digest('base64url')}`;
  });
  refuses('RS256 in the header over the true signature', ({ header, claims, key }) =>
    signed({ ...header, alg: 'RS256' }, claims, key),
  );
  refuses('RS256 with a key of its own', ({ header, claims }) => {
    const text = unsigned({ ...header, alg: 'RS256' }, claims);
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
    return `${text}.${sign('sha256', Buffer.from(text), privateKey).toString('base64url')}`;
  });
});

describe('other keys', () => {
  refuses('a stranger’s key under our key id', ({ header, claims }) => signed(header, claims, newKey()));
  refuses('a stranger’s key under its own id', ({ claims }) => {
    const key = newKey();
    return signed(headerFor(key), claims, key);
  });
  refuses('an unknown key id', ({ header, claims, key }) =>
    signed({ ...header, kid: 'unknown' }, claims, key),
  );
  refuses('a key id in another case', ({ header, claims, key }) =>
    signed({ ...header, kid: String(header.kid).toLowerCase() }, claims, key),
  );
  refuses('a path as key id', ({ header, claims, key }) =>
    signed({ ...header, kid: '../../../../dev/null' }, claims, key),
  );
  refuses('a URL as key id', ({ header, claims, key }) =>
    signed({ ...header, kid: keyServerUrl }, claims, key),
  );
  refuses('no key id', ({ header, claims, key }) => signed({ ...header, kid: undefined }, claims, key));
  refuses('an empty key id', ({ header, claims, key }) => signed({ ...header, kid: '' }, claims, key));
  refuses('an object as key id', ({ header, claims, key }) =>
    signed({ ...header, kid: { $ne: '' } }, claims, key),
  );
  refuses('__proto__ as key id', ({ header, claims, key }) =>
    signed({ ...header, kid: '__proto__' }, claims, key),
  );

  refuses('a jwk header with the key that signed', ({ claims }) => {
    const key = newKey();
    const jwk = createPublicKey(key).export({ format: 'jwk' });
    return signed(
      { ...headerFor(key), jwk: { ...jwk, kid: keyId(key), alg: 'ES256', use: 'sig' } },
      claims,
      key,
    );
  });
  refuses('a jwk header under our key id', ({ header, claims }) => {
    const key = newKey();
    return signed({ ...header, jwk: createPublicKey(key).export({ format: 'jwk' }) }, claims, key);
  });
  refuses('a jku header', ({ claims }) => {
    const key = newKey();
    return signed({ ...headerFor(key), jku: keyServerUrl }, claims, key);
  });
  refuses('a jku header under our key id', ({ header, claims }) =>
    signed({ ...header, jku: keyServerUrl }, claims, newKey()),
  );
  refuses('an x5u header', ({ claims }) => {
    const key = newKey();
    return signed({ ...headerFor(key), x5u: keyServerUrl }, claims, key);
  });

  withKey('CON-3 no address in a header is ever called', () => {
    expect(keyServerCalls).toBe(0);
    return Promise.resolve();
  });
});

describe('other signatures', () => {
  refuses('a stripped signature', ({ header, claims }) => `${unsigned(header, claims)}.`);
  refuses('two parts', ({ header, claims }) => unsigned(header, claims));
  refuses('four parts', ({ header, claims, key }) => `${signed(header, claims, key)}.e30`);
  refuses(
    'five parts, as of an encrypted token',
    ({ header, claims, key }) => `${signed(header, claims, key)}.e30.e30`,
  );
  refuses('DER instead of r‖s', ({ header, claims, key }) => {
    const text = unsigned(header, claims);
    return `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`;
  });
  refuses(
    'r = s = 0',
    ({ header, claims }) => `${unsigned(header, claims)}.${Buffer.alloc(64).toString('base64url')}`,
  );
  refuses('r = s = order of the curve', ({ header, claims }) => {
    const order = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex');
    return `${unsigned(header, claims)}.${Buffer.concat([order, order]).toString('base64url')}`;
  });
  refuses('a signature that is short of a byte', ({ header, claims, key }) => {
    const token = signed(header, claims, key);
    return token.slice(0, -2);
  });
  refuses('the signature of other claims', ({ header, claims, key }) => {
    const [head, , signature] = signed(header, claims, key).split('.');
    return `${head!}.${encoded({ ...claims, agent_id: 'b' })}.${signature!}`;
  });
  refuses('the signature of another header', ({ header, claims, key }) => {
    const [, payload, signature] = signed(header, claims, key).split('.');
    return `${encoded({ ...header, typ: 'at+jwt' })}.${payload!}.${signature!}`;
  });
});

describe('other texts', () => {
  const bad = ['x', '.', '..', '...', 'a.b.c', 'null', '{}', 'e30.e30.', '%', 'Bearer'];
  test.each(bad)('CON-3 401 for the token "%s"', async (token) => {
    expect(await present(token)).toBe(401);
  });

  refuses('a truncated token', ({ header, claims, key }) => {
    const token = signed(header, claims, key);
    return token.slice(0, token.length / 2);
  });
  refuses('a scheme before the token', ({ header, claims, key }) => `Bearer ${signed(header, claims, key)}`);
  refuses('a line feed in the token', ({ header, claims, key }) =>
    signed(header, claims, key).replace('.', '.\n'),
  );
  refuses('a line feed after the token', ({ header, claims, key }) => `${signed(header, claims, key)}\n`);
  refuses('a NUL after the token', ({ header, claims, key }) => `${signed(header, claims, key)}\0`);
  refuses('a blank before the token', ({ header, claims, key }) => ` ${signed(header, claims, key)}`);
  refuses('padding in the signature', ({ header, claims, key }) => `${signed(header, claims, key)}==`);
  refuses('a payload that is a list', ({ header, key }) => signed(header, [], key));
  refuses('a payload that is null', ({ header, key }) => signed(header, null, key));
  refuses('a payload that is a text', ({ header, key }) => signed(header, 'tenant', key));
  refuses('a payload that is no JSON', ({ header, key }) => {
    const text = `${encoded(header)}.${Buffer.from('{"exp":').toString('base64url')}`;
    return `${text}.${sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
  });
  refuses('a header that is null', ({ claims, key }) => signed(null, claims, key));

  test('CON-3 401 for a token that fills the longest URL', async () => {
    const token = 'x'.repeat(4_090 - bus.url({ token: '' }).length);
    expect(bus.url({ token }).length).toBe(4_090);
    expect(await present(token)).toBe(401);
  });

  withKey('CON-4 401 for two tokens, whichever is good', async () => {
    const { header, claims, key } = parts();
    const good = signed(header, claims, key);
    presented.add(good);
    for (const token of [
      [good, 'x'],
      ['x', good],
      [good, good],
    ]) {
      expect(await statusOf(bus.url({ token }))).toBe(401);
      expect(await statusOf(bus.url({ token }, 'edge'))).toBe(401);
    }
  });
});

describe('other issuers, audiences and times', () => {
  refusesClaims('CON-3 401 for another issuer', () => ({ iss: 'https://issuer.example' }));
  refusesClaims('CON-3 401 for no issuer', () => ({ iss: undefined }));
  refusesClaims('CON-3 401 for a list of issuers with ours in it', () => ({
    iss: [parts().claims.iss, 'other'],
  }));
  refusesClaims('CON-3 401 for an issuer that begins as ours does', () => ({
    iss: `${String(parts().claims.iss)}-2`,
  }));
  refusesClaims('CON-3 401 for another audience', () => ({ aud: 'other' }));
  refusesClaims('CON-3 401 for no audience', () => ({ aud: undefined }));
  refusesClaims('CON-3 401 for an empty list of audiences', () => ({ aud: [] }));
  refusesClaims('CON-3 401 for an audience that is an object', () => ({ aud: { aud: parts().claims.aud } }));

  refusesClaims('TOK-2 401 for no exp', () => ({ exp: undefined }));
  refusesClaims('TOK-2 401 for null as exp', () => ({ exp: null }));
  refusesClaims('TOK-2 401 for exp as a text', (now) => ({ exp: String(now + 3_600) }));
  refusesClaims('TOK-2 401 for exp with a fraction', (now) => ({ exp: now + 3_600.5 }));
  refusesClaims('TOK-2 401 for a negative exp', (now) => ({ exp: -now }));
  refusesClaims('TOK-2 401 for exp 0', () => ({ exp: 0 }));
  refusesClaims('TOK-2 401 for exp in milliseconds', (now) => ({ exp: (now + 3_600) * 1_000 }));
  refusesClaims('TOK-2 401 for a huge exp', () => ({ exp: Number.MAX_SAFE_INTEGER }));
  refusesClaims('TOK-2 401 for an exp beyond whole numbers', () => ({ exp: 1e300 }));
  refusesClaims('TOK-2 401 for true as exp', () => ({ exp: true }));
  refusesClaims('TOK-2 401 for a list as exp', (now) => ({ exp: [now + 3_600] }));
  refusesClaims('TOK-2 401 for a token that has expired', (now) => ({ exp: now - 60 }));
  refusesClaims('TOK-2 401 for a token that expires at this moment', (now) => ({ exp: now }));
  refusesClaims('TOK-2 401 for nbf in the future', (now) => ({ nbf: now + 600 }));
  refusesClaims('TOK-2 401 for nbf over five seconds ahead', (now) => ({ nbf: now + 30 }));
  refusesClaims('TOK-2 401 for iat in the future', (now) => ({ iat: now + 30 }));
  refusesClaims('TOK-2 401 for nbf as a text', (now) => ({ nbf: String(now) }));
  refusesClaims('TOK-2 401 for iat as a text', (now) => ({ iat: String(now) }));

  withKey('TOK-2 101 for nbf and iat that are a moment ahead', async () => {
    const { header, claims, key } = parts();
    const soon = bus.seconds() + 4;
    expect(await present(signed(header, { ...claims, nbf: soon, iat: soon }, key))).toBe(101);
  });

  withKey('TOK-2 401 for an exp that JSON reads as infinite', async () => {
    const { header, claims, key } = parts();
    const payload = JSON.stringify({ ...claims, exp: 0 }).replace('"exp":0', '"exp":1e400');
    const text = `${encoded(header)}.${Buffer.from(payload).toString('base64url')}`;
    const signature = sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString(
      'base64url',
    );
    expect(await present(`${text}.${signature}`)).toBe(401);
  });
});

describe('other ids', () => {
  const values: readonly (readonly [string, unknown])[] = [
    ['a number', 7],
    ['true', true],
    ['a list', ['a']],
    ['an object', { id: 'a' }],
    ['an empty text', ''],
    ['129 characters', 'a'.repeat(129)],
    ['a NUL', 'a\0b'],
    ['a line feed', 'a\nb'],
    ['a control character of the second block', 'a\u0085b'],
    ['half a surrogate pair', 'a\ud800'],
    ['the other half', '\udc00a'],
  ];
  for (const [what, value] of values) {
    refusesClaims(`TOK-1 401 for ${what} as tenant`, () => ({ tenant_id: value }));
    refusesClaims(`TOK-1 401 for ${what} as agent`, () => ({ agent_id: value }));
    refusesClaims(`TOK-1 401 for ${what} as sub without an agent`, () => ({
      agent_id: undefined,
      sub: value,
    }));
  }
  refusesClaims('TOK-1 401 for no tenant', () => ({ tenant_id: undefined }));
  refusesClaims('TOK-1 401 for null as tenant', () => ({ tenant_id: null }));
  refusesClaims('TOK-1 401 for neither agent nor sub', () => ({ agent_id: undefined, sub: undefined }));
  refusesClaims('TOK-1 401 for an id with a bad agent_id and a good sub', () => ({ agent_id: '', sub: 'a' }));

  withKey('CON-7 403 for a good token on the path of another tenant or agent', async () => {
    const { header, claims, key } = parts();
    const token = signed(header, claims, key);
    presented.add(token);

    expect(await statusOf(bus.pathUrl(token, fresh('other'), 'a', 'news'))).toBe(403);
    expect(await statusOf(bus.pathUrl(token, tenant, 'b', 'news'))).toBe(403);
    expect(await present(token, { tenant_id: fresh('other') })).toBe(403);
  });
});

needs('log')('ERR-8 no token of these cases is in the log of the functions', () => {
  const lines = bus.inside.log.map(({ text }) => text).join('\n');
  expect(lines).toContain('unauthorized');
  for (const token of presented) {
    // Shorter texts are ordinary words of a log.
    if (token.length > 20) expect(lines).not.toContain(token);
    const [, payload = '', signature = ''] = token.split('.');
    if (payload.length > 20) expect(lines).not.toContain(payload);
    if (signature.length > 20) expect(lines).not.toContain(signature);
  }
  return Promise.resolve();
});
