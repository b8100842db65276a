/** Who may connect, and as what: claims and query against each other. */
import { authorize, type AuthorizeSettings, tokenOf } from '../../lambda/agents/authorize';
import { decodeContext, encodeContext } from '../../lambda/events/web-socket/authorizer-context';

const now = 1_790_000_000_000;
const settings: AuthorizeSettings = {
  tenantClaim: 'tenant_id',
  agentClaim: 'agent_id',
  channelsClaim: 'channels',
  defaultGrants: 'all',
  maxTokenSeconds: 3_650 * 86_400,
};
const good = { tenant_id: 't', agent_id: 'a', exp: now / 1_000 + 3_600 };
const decide = (
  claims: object = {},
  query: Record<string, string[]> = {},
  changes: Partial<AuthorizeSettings> = {},
) => authorize({ ...good, ...claims }, new Map(Object.entries(query)), { ...settings, ...changes }, now);

test('admits the agent of the token', () => {
  expect(decide({}, { channel_id: ['c'], echo: ['false'] })).toMatchObject({
    kind: 'allow',
    admission: { tenantId: 't', agentId: 'a', channelId: 'c', echo: false, exp: good.exp },
  });
});

test('takes sub for the agent when there is no agent claim', () => {
  expect(decide({ agent_id: undefined, sub: 'auth0|1' })).toMatchObject({
    admission: { agentId: 'auth0|1' },
  });
});

test('reads the claims under the names of the settings', () => {
  const decision = decide({ org: 'o', bot: 'b' }, {}, { tenantClaim: 'org', agentClaim: 'bot' });
  expect(decision).toMatchObject({ admission: { tenantId: 'o', agentId: 'b' } });
});

test.each<[string, object]>([
  ['no tenant', { tenant_id: undefined }],
  ['an empty tenant', { tenant_id: '' }],
  ['a tenant that is a number', { tenant_id: 7 }],
  ['a tenant that is a list', { tenant_id: ['t'] }],
  ['a tenant that is too long', { tenant_id: 't'.repeat(129) }],
  ['a tenant with a control character', { tenant_id: 't\u0000' }],
  ['a tenant with half a surrogate pair', { tenant_id: 't\ud800' }],
  ['no agent', { agent_id: undefined }],
  ['an agent that is an object, though there is a sub', { agent_id: {}, sub: 's' }],
  ['no exp', { exp: undefined }],
  ['exp as text', { exp: '1890000000' }],
  ['exp with a fraction', { exp: good.exp + 0.5 }],
  ['exp in milliseconds', { exp: good.exp * 1_000 }],
  ['exp too far ahead', { exp: now / 1_000 + 11 * 365 * 86_400 }],
  ['exp beyond what a number holds', { exp: 1e300 }],
  ['exp now', { exp: now / 1_000 }],
  ['nbf over 5 s ahead', { nbf: now / 1_000 + 5.5 }],
  ['nbf as text', { nbf: '1790000000' }],
  ['nbf null', { nbf: null }],
  ['iat over 5 s ahead', { iat: now / 1_000 + 6 }],
  ['iat as text', { iat: '1790000000' }],
  ['channels as text', { channels: '*' }],
  ['channels with a bad pattern', { channels: ['a*b'] }],
  ['channels with an unknown operation', { channels: { a: ['write'] } }],
  ['channels null', { channels: null }],
])('finds a token with %s unauthorized', (_, claims) => {
  expect(decide(claims)).toMatchObject({ kind: 'unauthorized' });
});

test.each([
  ['exp in a second', { exp: now / 1_000 + 1 }],
  ['nbf and iat 5 s ahead', { nbf: now / 1_000 + 5, iat: now / 1_000 + 5 }],
  ['nbf and iat long ago', { nbf: 0, iat: 1.5 }],
])('admits a token with %s', (_, claims) => {
  expect(decide(claims)).toMatchObject({ kind: 'allow' });
});

test.each<[string, Record<string, string[]>]>([
  ['another tenant in the path', { tenant_id: ['T'] }],
  ['another agent in the path', { agent_id: ['A'] }],
  ['an empty tenant in the path', { tenant_id: [''] }],
  ['two channels', { channel_id: ['c', 'c'] }],
  ['two tenants', { tenant_id: ['t', 't'] }],
  ['a malformed channel', { channel_id: ['a b'] }],
  ['a reserved channel', { channel_id: ['$inbox'] }],
  ['a channel that is too long', { channel_id: ['c'.repeat(129)] }],
])('denies %s', (_, query) => {
  expect(decide({}, query)).toMatchObject({ kind: 'deny' });
});

test('denies a channel that the token does not grant for subscribing', () => {
  expect(decide({ channels: ['a.*', 'b'] }, { channel_id: ['a.1'] })).toMatchObject({ kind: 'allow' });
  expect(decide({ channels: ['a.*', 'b'] }, { channel_id: ['bb'] })).toMatchObject({ kind: 'deny' });
  expect(decide({ channels: { b: ['publish'] } }, { channel_id: ['b'] })).toMatchObject({ kind: 'deny' });
  expect(decide({}, { channel_id: ['b'] }, { defaultGrants: 'none' })).toMatchObject({ kind: 'deny' });
});

test('counts an empty channel as none', () => {
  expect(decide({}, { channel_id: [''] })).toMatchObject({
    kind: 'allow',
    admission: { channelId: undefined },
  });
});

test.each<[string[] | undefined, string | undefined]>([
  [undefined, undefined],
  [[''], undefined],
  [['a'], 'a'],
  [['a', 'a'], undefined],
])('takes %j for the token %s', (values, expected) => {
  expect(tokenOf(new Map(values ? [['token', values]] : []))).toBe(expected);
});

test('the authorizer’s context says the same when it comes back as strings', () => {
  const decision = decide(
    { tenant_id: 'tén/ant', channels: { __proto__: ['publish'], 'a.*': ['subscribe'] } },
    { channel_id: ['a.1'], echo: ['false'] },
  );
  if (decision.kind !== 'allow') throw new Error('not allowed');
  expect(decodeContext(encodeContext(decision.admission))).toEqual({
    tenantId: 'tén/ant',
    agentId: 'a',
    channelId: 'a.1',
    grants: decision.admission.grants,
    tokenExpiresAt: good.exp * 1_000,
    level: 0,
    echo: false,
  });
});

test('the context of a stranger’s names is plain ASCII, and one of an earlier release is read as it is', () => {
  const decision = decide({ tenant_id: 'tén/ant', agent_id: '100%25', jti: 'ключ' }, {});
  if (decision.kind !== 'allow') throw new Error('not allowed');
  const context = encodeContext(decision.admission);
  expect(Object.values(context).join('')).toMatch(/^[\x20-\x7e]*$/);
  expect(decodeContext(context)).toMatchObject({ tenantId: 'tén/ant', agentId: '100%25', tokenId: 'ключ' });
  const stored: Record<string, string> = { ...context, tenant: 'tén/ant', agent: '100%25' };
  const { encoding, ...earlier } = stored;
  expect(encoding).toBe('percent');
  expect(decodeContext(earlier)).toMatchObject({ tenantId: 'tén/ant', agentId: '100%25' });
});

test.each([{}, { tenant: 't' }, { tenant: 't', agent: 'a', exp: '1', grants: '"*"' }])(
  'nobody is served with the context %j',
  (context) => {
    expect(() => decodeContext(context)).toThrow('no authorizer context');
  },
);
