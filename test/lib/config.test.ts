/** Settings: defaults, limits and the one sentence for an invalid setting. */
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import {
  fixedRegion,
  parseSettings,
  retainsData,
  stackName,
  tokenTerms,
  workRateOf,
} from '../../lib/settings/config';
import { logRetentionChoices } from '../../lib/settings/settings-schema';

const sentence = (settings: Record<string, unknown>): string => {
  try {
    parseSettings(settings);
  } catch (error) {
    expect((error as Error).name).toBe('SettingsError');
    return (error as Error).message;
  }
  return '(accepted)';
};

const oidc = { issuer: 'https://login.example.com', audience: 'bus' };
const webAclArn = 'arn:aws:wafv2:us-east-1:111122223333:global/webacl/mine/1';
const certificateArn = 'arn:aws:acm:us-east-1:111122223333:certificate/1';

test('without a word, everything has a default', () => {
  expect(parseSettings({})).toEqual({
    deployment: 'artcafe',
    edge: {},
    token: 'built-in',
    tokenKey: 1,
    claims: { tenant: 'tenant_id', agent: 'agent_id', channels: 'channels' },
    defaultGrants: 'all',
    maxTokenDays: 3_650,
    connectionLimit: 100,
    messageRate: { agentPerSecond: 50, agentBurst: 100, tenantPerSecond: 1_000, tenantBurst: 2_000 },
    workRate: {},
    tenantQuotas: {
      connections: 0,
      agents: 0,
      storedBytesPerDay: 0,
      deliveriesPerDay: 0,
      unknownAgents: 10_000,
    },
    presenceGraceSeconds: 0,
    retentionHours: 24,
    ownReceivers: 3_000,
    sender: 'lean',
    protection: false,
    logRetentionDays: 30,
    auditRetentionDays: 365,
    accessLog: 'create-role',
    monitoring: {},
    publishQueue: false,
    events: false,
    throttle: { ratePerSecond: 2_500, burst: 1_250, connectsPerSecond: 500, connectBurst: 500 },
  });
});

test.each([
  [{}, { agentPerSecond: 1_000, agentBurst: 8_000, tenantPerSecond: 8_000, tenantBurst: 32_000 }],
  [
    { messageRate: { agentPerSecond: 5, tenantPerSecond: 0 } },
    { agentPerSecond: 1_000, agentBurst: 8_000, tenantPerSecond: 0, tenantBurst: 32_000 },
  ],
  [
    { messageRate: { agentPerSecond: 100, agentBurst: 200, tenantPerSecond: 2_000, tenantBurst: 4_000 } },
    { agentPerSecond: 2_000, agentBurst: 16_000, tenantPerSecond: 16_000, tenantBurst: 64_000 },
  ],
  [
    { messageRate: { agentPerSecond: 0 }, workRate: { agentPerSecond: 7, tenantPerSecond: 0 } },
    { agentPerSecond: 7, agentBurst: 8_000, tenantPerSecond: 0, tenantBurst: 32_000 },
  ],
])('the rate of work follows that of messages, unless it is set: %j', (settings, rates) => {
  expect(workRateOf(parseSettings(settings))).toEqual(rates);
});

test('a part of a section leaves the rest of it alone', () => {
  expect(parseSettings({ throttle: { burst: 7 }, claims: { agent: 'sub' } })).toMatchObject({
    throttle: { ratePerSecond: 2_500, burst: 7, connectsPerSecond: 500, connectBurst: 500 },
    claims: { tenant: 'tenant_id', agent: 'sub', channels: 'channels' },
  });
});

test.each([
  [
    { publishQueue: { allow: [] } },
    'Setting "publishQueue.allow": expected a list of { "tenant", "agents" } with ids of agents, or prefixes ending in *, got [].',
  ],
  [
    { events: { channels: ['orders', 'a b'] } },
    'Setting "events.channels.1": expected a list of up to 20 channel names, or prefixes ending in *, got "a b".',
  ],
  [{ events: { bus: '' } }, 'Setting "events.bus": expected the name of an event bus, got "".'],
  [{ retentionHours: 'x' }, 'Setting "retentionHours": expected a whole number from 0 to 8760, got "x".'],
  [{ retentionHours: 8_761 }, 'Setting "retentionHours": expected a whole number from 0 to 8760, got 8761.'],
  [{ retentionHours: 0.5 }, 'Setting "retentionHours": expected a whole number from 0 to 8760, got 0.5.'],
  [
    { messageRate: { agentPerSecond: -1 } },
    'Setting "messageRate.agentPerSecond": expected a whole number from 0 to 100000, got -1.',
  ],
  [
    { tenantQuotas: { deliveriesPerDay: -1 } },
    'Setting "tenantQuotas.deliveriesPerDay": expected a whole number from 0 to 1000000000000, got -1.',
  ],
  [
    { tenantQuotas: { unknownAgents: 0 } },
    'Setting "tenantQuotas.unknownAgents": expected a whole number from 1 to 50000, got 0.',
  ],
  [
    { messageRate: { tenantBurst: 0 } },
    'Setting "messageRate.tenantBurst": expected a whole number from 1 to 10000000, got 0.',
  ],
  [
    { presenceGraceSeconds: 9 },
    'Setting "presenceGraceSeconds": expected a whole number from 0 to 8, got 9.',
  ],
  [{ sender: 'fast' }, 'Setting "sender": expected "lean" or "sdk", got "fast".'],
  [{ connectionLimit: 0 }, 'Setting "connectionLimit": expected a whole number from 1 to 1000, got 0.'],
  [
    { deployment: 'Blue' },
    'Setting "deployment": expected 1 to 32 lower-case letters, digits and hyphens that start with a letter, got "Blue".',
  ],
  [{ protection: 'yes' }, 'Setting "protection": expected true or false, got "yes".'],
  [{ monitoring: true }, 'Setting "monitoring": expected false or an object, got true.'],
  [
    { monitoring: { alarmTopicArn: 'on-call' } },
    'Setting "monitoring.alarmTopicArn": expected the ARN of an SNS topic, got "on-call".',
  ],
  [{ edge: true }, 'Setting "edge": expected false or an object, got true.'],
  [{ edge: [] }, 'Setting "edge": expected false or an object, got [].'],
  [
    { edge: { rateLimitPer5Minutes: 9 } },
    'Setting "edge.rateLimitPer5Minutes": expected a whole number from 10 to 2000000000, got 9.',
  ],
  [
    { edge: { webAclArn: webAclArn.replace('us-east-1', 'eu-west-1') } },
    'Setting "edge.webAclArn": expected the ARN of a web ACL of scope CLOUDFRONT, got "arn:aws:wafv2:eu-west-1:111122223333:global/webacl/mine/1".',
  ],
  [
    { edge: { domainName: 'bus.example.com' } },
    'Setting "edge.certificateArn": expected a certificate for edge.domainName, got nothing.',
  ],
  [
    { edge: { certificateArn } },
    'Setting "edge.domainName": expected a domain name for edge.certificateArn, got nothing.',
  ],
  [
    { edge: { webAclArn, rateLimitPer5Minutes: 100 } },
    'Setting "edge.rateLimitPer5Minutes": a distribution has one web ACL, so put the rate rule into the one of edge.webAclArn.',
  ],
  [
    { token: 'oidc' },
    'Setting "token": expected "built-in" or an object with issuer and audience, got "oidc".',
  ],
  [{ token: null }, 'Setting "token": expected "built-in" or an object with issuer and audience, got null.'],
  [{ token: { issuer: oidc.issuer } }, 'Setting "token.audience": expected a value, got nothing.'],
  [
    { token: { ...oidc, issuer: 'http://login.example.com' } },
    'Setting "token.issuer": expected an https URL without query, got "http://login.example.com".',
  ],
  [{ defaultGrants: 'some' }, 'Setting "defaultGrants": expected "all" or "none", got "some".'],
  [
    { logRetentionDays: 31 },
    `Setting "logRetentionDays": expected one of ${logRetentionChoices.join(', ')}, got 31.`,
  ],
  [
    { protection: true, removalPolicy: 'destroy' },
    'Setting "removalPolicy": expected "retain" (or nothing) together with "protection": true, got "destroy".',
  ],
])('%j is refused by name', (settings, expected) => {
  expect(sentence(settings)).toBe(expected);
});

test.each([
  [{ retentionHour: 1 }, 'Setting "retentionHour" is unknown. The nearest setting is "retentionHours".'],
  [{ edge: { webACL: '' } }, 'Setting "edge.webACL" is unknown. The nearest setting is "edge.webAclArn".'],
  [
    { token: { ...oidc, jwks: '' } },
    'Setting "token.jwks" is unknown. The nearest setting is "token.jwksUri".',
  ],
])('%j names the nearest known setting', (settings, expected) => {
  expect(sentence(settings)).toBe(expected);
});

test('a long wrong value is cut', () => {
  expect(sentence({ deployment: 'X'.repeat(500) }).length).toBeLessThan(200);
});

test('the log retentions are those of CloudWatch, without "for ever"', () => {
  const known = Object.values(RetentionDays).filter((value) => typeof value === 'number');
  expect([...logRetentionChoices, 9_999].sort()).toEqual(known.sort());
});

test('the stack is named after the deployment', () => {
  expect(stackName('artcafe')).toBe('ArtCafePubSub');
  expect(stackName('blue')).toBe('ArtCafePubSub-blue');
});

test('data is kept when asked for, and always with protection', () => {
  expect(retainsData(parseSettings({}))).toBe(false);
  expect(retainsData(parseSettings({ removalPolicy: 'retain' }))).toBe(true);
  expect(retainsData(parseSettings({ protection: true }))).toBe(true);
});

test('an OIDC issuer is checked for what the settings say, and for nothing else', () => {
  const issuer = 'https://login.example.com';
  expect(tokenTerms(parseSettings({ token: { issuer, audience: 'bus' } }))).toEqual({
    issuer,
    audience: 'bus',
  });
  const checks = { clientId: 'app', tokenUse: 'access', types: ['at+jwt'], algorithms: ['RS256'] } as const;
  const jwksUri = 'https://keys.example.com/all';
  expect(tokenTerms(parseSettings({ token: { issuer, audience: null, jwksUri, ...checks } }))).toEqual({
    issuer,
    audience: null,
    jwksUri,
    checks: { audience: null, ...checks },
  });
});

test('an audience that is left out is a mistake, and `null` is a decision', () => {
  expect(() => parseSettings({ token: { issuer: 'https://login.example.com' } })).toThrow('token.audience');
});

test('the built-in key has terms of its own per deployment, and no JWKS', () => {
  expect(tokenTerms(parseSettings({ deployment: 'blue' }))).toEqual({
    issuer: 'urn:artcafe:pubsub:blue',
    audience: 'artcafe-pubsub',
  });
});

describe('a rate limit', () => {
  const limited = parseSettings({ edge: { rateLimitPer5Minutes: 100 } });

  test('fixes the region, and nothing else does', () => {
    expect(fixedRegion(limited, undefined)).toBe('us-east-1');
    expect(fixedRegion(limited, 'us-east-1')).toBe('us-east-1');
    expect(fixedRegion(parseSettings({}), 'eu-west-1')).toBeUndefined();
    expect(fixedRegion(parseSettings({ edge: false }), 'eu-west-1')).toBeUndefined();
  });

  test('is refused in any other region', () => {
    expect(() => fixedRegion(limited, 'eu-west-1')).toThrow(
      'Setting "edge.rateLimitPer5Minutes": its web ACL exists in us-east-1 only, and the region is "eu-west-1"; use edge.webAclArn there.',
    );
  });
});
