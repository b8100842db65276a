/** What a token may say: exactly what the service would accept, and nothing that it would refuse. */
import fc from 'fast-check';
import { allChannels, isId, operations, parseChannelGrants, parseGrants, roles } from '../../protocol/index';
import {
  createClaims,
  parseAgents,
  parseChannels,
  parseDuration,
  type ClaimsRequest,
} from '../../tokens/claims';

const request: ClaimsRequest = {
  issuer: 'urn:artcafe:pubsub:artcafe',
  audience: 'artcafe-pubsub',
  names: { tenant: 'tenant_id', agent: 'agent_id', channels: 'channels', agents: 'agents', role: 'role' },
  tenant: 'acme',
  agent: 'crawler-1',
  expiresInSeconds: 3_600,
  now: new Date('2026-01-01T00:00:00.999Z'),
};

test('claims are those of the request, with times in whole seconds', () => {
  expect(createClaims(request)).toEqual({
    iss: 'urn:artcafe:pubsub:artcafe',
    aud: 'artcafe-pubsub',
    // A name for a revocation, another one each time.
    jti: expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown,
    iat: 1_767_225_600,
    exp: 1_767_229_200,
    tenant_id: 'acme',
    agent_id: 'crawler-1',
  });
});

test('channels are a claim only when they are named', () => {
  expect(createClaims({ ...request, channels: ['orders', 'news.*'] })).toMatchObject({
    channels: ['orders', 'news.*'],
  });
});

test('claims have the names of the deployment', () => {
  const names = { tenant: 'org', agent: 'sub', channels: 'scope', agents: 'peers', role: 'kind' };
  const claims = createClaims({ ...request, names, channels: ['a'], agents: ['b*'], role: 'observer' });
  expect(claims).toMatchObject({
    org: 'acme',
    sub: 'crawler-1',
    scope: ['a'],
    peers: ['b*'],
    kind: 'observer',
  });
});

const accepts = (call: () => unknown): boolean => {
  try {
    call();
    return true;
  } catch (error) {
    expect((error as Error).name).toBe('TokenError');
    return false;
  }
};

test('an id is taken exactly when the service takes it', () => {
  const id = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 140 }),
    fc.constantFrom('', 'a'.repeat(128), 'a'.repeat(129), '\ud800', 'a\nb', 'auth0|7f', '€'),
  );
  fc.assert(
    fc.property(id, (text) => {
      expect(accepts(() => createClaims({ ...request, tenant: text }))).toBe(isId(text));
      expect(accepts(() => createClaims({ ...request, agent: text }))).toBe(isId(text));
    }),
  );
});

test('a channel is taken exactly when the service takes it', () => {
  const pattern = fc.oneof(
    fc.string({ maxLength: 6 }),
    fc.stringMatching(/^[A-Za-z0-9._:$*-]{0,5}\*?$/),
    fc.constantFrom(
      '*',
      '$presence',
      '$inbox',
      '$presence*',
      '**',
      'a'.repeat(128),
      `${'a'.repeat(128)}*`,
      'a'.repeat(129),
    ),
  );
  fc.assert(
    fc.property(pattern, (text) => {
      expect(accepts(() => createClaims({ ...request, channels: [text] }))).toBe(
        parseChannelGrants([text]) !== undefined,
      );
    }),
  );
});

test('an agent is taken exactly when the service takes it', () => {
  const pattern = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 140 }),
    fc.constantFrom(
      '',
      '*',
      '**',
      'a*',
      'a'.repeat(128),
      `${'a'.repeat(128)}*`,
      `${'a'.repeat(129)}*`,
      'a\n*',
    ),
  );
  fc.assert(
    fc.property(pattern, (text) => {
      const parsed = parseGrants({ channels: undefined, agents: [text], role: undefined }, allChannels);
      expect(accepts(() => createClaims({ ...request, agents: [text] }))).toBe(typeof parsed === 'object');
    }),
  );
});

test('operations and roles are those of the service', () => {
  for (const operation of [...operations, 'read', ''])
    expect(accepts(() => createClaims({ ...request, channels: { a: [operation] } }))).toBe(
      parseChannelGrants({ a: [operation] }) !== undefined,
    );
  for (const role of [...roles, 'admin', ''])
    expect(accepts(() => createClaims({ ...request, role }))).toBe(
      (roles as readonly string[]).includes(role),
    );
});

test('a claim that the deployment does not read is refused: the token would grant more than was asked for', () => {
  const names = { tenant: 'tenant_id', agent: 'agent_id', channels: 'channels' };
  expect(() => createClaims({ ...request, names, role: 'observer' })).toThrow('reads no claim "role"');
  expect(() => createClaims({ ...request, names, agents: ['a'] })).toThrow('reads no claim "agents"');
});

test.each([
  ['1s', 1],
  ['90s', 90],
  ['30m', 1_800],
  ['1h', 3_600],
  ['7d', 604_800],
  ['365d', 31_536_000],
])('%s lasts %d seconds', (text, seconds) => {
  expect(parseDuration(text)).toBe(seconds);
});

test.each(['', '0s', '1', 'h', '-1h', '1.5h', '1 h', '1w', '366d', '99999999999s', '1h\n'])(
  '%j is no lifetime',
  (text) => {
    expect(() => parseDuration(text)).toThrow(/must be like 90s, 30m, 1h or 7d/);
  },
);

test('a list of channels may have blanks, and is never empty', () => {
  expect(parseChannels(' orders, news.* ,')).toEqual(['orders', 'news.*']);
  expect(() => parseChannels('')).toThrow('The list of channels is empty.');
  expect(() => parseChannels('a b')).toThrow('The channel "a b" must be a name');
});

test('channels may have operations', () => {
  expect(parseChannels('a=publish+subscribe, b.*=history, a=advertise')).toEqual({
    a: ['publish', 'subscribe', 'advertise'],
    'b.*': ['history'],
  });
  expect(() => parseChannels('a=publish,b')).toThrow('Either every channel has operations');
  expect(() => parseChannels('a=')).toThrow('The operation "" must be one of publish');
});

test('a list of agents may have blanks, and is never empty', () => {
  expect(parseAgents(' planner, worker-* ')).toEqual(['planner', 'worker-*']);
  expect(() => parseAgents(' , ')).toThrow('The list of agents is empty.');
});
