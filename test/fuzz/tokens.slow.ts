/** Hostile tokens and URLs at the authorizer, with the real verifier: none is admitted, none fails otherwise, none is logged. */
import { createPublicKey } from 'node:crypto';
import fc from 'fast-check';
import { builtInKeys, jwtTokenVerifier } from '../../lambda/aws/tokens/jwt-token-verifier';
import { systemClock } from '../../lambda/aws/system-clock';
import { PlatformClock } from '../../lambda/shared/platform-clock';
import { authorizerRoute } from '../../lambda/events/web-socket/authorizer';
import { headerFor, newKey, signed, type Signer } from '../helpers/tokens';
import { FakeLog } from '../lambda/world';
import { hostileToken } from './hostile-tokens';
import { runs, slowness, timed } from './runs';

const tokens = 10_000;
const queries = 2_000;
const limitMs = 5;
const methodArn = 'arn:aws:execute-api:us-east-1:000000000000:api/ws/$connect';

const signer: Signer = { key: newKey(), issuer: 'urn:artcafe:pubsub:artcafe', audience: 'artcafe-pubsub' };
const now = Math.floor(Date.now() / 1_000);
const log = new FakeLog();
const route = authorizerRoute({
  verifier: jwtTokenVerifier(signer, builtInKeys([() => Promise.resolve(createPublicKey(signer.key))])),
  settings: {
    tenantClaim: 'tenant_id',
    agentClaim: 'agent_id',
    channelsClaim: 'channels',
    defaultGrants: 'all',
    maxTokenSeconds: 3_650 * 86_400,
  },
  clock: new PlatformClock(systemClock),
  log,
});

type Query = Record<string, string[]>;

/** What the platform would answer: 101, 401 or 403; anything else that is thrown is a 500. */
async function statusOf(query: Query): Promise<number> {
  try {
    const result = await route({
      methodArn,
      requestContext: { connectionId: 'conn=', requestId: 'request=', requestTimeEpoch: Date.now() },
      queryStringParameters: Object.fromEntries(
        Object.entries(query).map(([name, values]) => [name, values.at(-1)!]),
      ),
      multiValueQueryStringParameters: query,
    });
    return result.policyDocument.Statement.every(({ Effect }) => Effect === 'Allow') ? 101 : 403;
  } catch (error) {
    if (error instanceof Error && error.message === 'Unauthorized') return 401;
    throw error;
  }
}

const claims = { iss: signer.issuer, aud: signer.audience, exp: now + 3_600, tenant_id: 't', agent_id: 'a' };
const good = signed(headerFor(signer.key), { ...claims, channels: ['c', 'open.*'] }, signer.key);

let slowest = 0;
const isRefused = async (query: Query, statuses: readonly number[]): Promise<void> => {
  const { result, ms } = await timed(() => statusOf(query), limitMs);
  slowest = Math.max(slowest, ms);
  if (ms > limitMs && ms > limitMs * slowness()) throw new Error(`took ${ms.toFixed(1)} ms CPU`);
  if (!statuses.includes(result)) throw new Error(`answered with ${String(result)}`);
  log.lines.splice(0, log.lines.length - 3);
  const [token = ''] = query.token ?? [];
  const signature = token.split('.').at(-1) ?? '';
  const parts = [token, signature].filter((part) => part.length > 30);
  if (parts.some((part) => JSON.stringify(log.lines).includes(part)))
    throw new Error('the token is in a log');
};

beforeAll(async () => {
  for (let warming = 0; warming < 50; warming++) await statusOf({ token: [`${good.slice(0, -9)}AAAAAAAAA`] });
});

afterAll(() => {
  console.log(`slowest handshake: ${slowest.toFixed(1)} ms CPU`);
});

test('the token that the others are made of is admitted', async () => {
  expect(await statusOf({ token: [good], channel_id: ['open.x'] })).toBe(101);
});

test(`${String(tokens)} mutated tokens`, async () => {
  await fc.assert(
    fc.asyncProperty(hostileToken(signer, now), (token) => isRefused({ token: [token] }, [401])),
    runs(tokens),
  );
}, 600_000);

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.constantFrom(
    '__proto__',
    'c',
    'c/d',
    '*',
    'open.*',
    '$inbox',
    '$presence',
    'c\u0000',
    'C',
    ' c',
    'toString',
  ),
);
/** Each is wrong with a good token. */
const hostileQuery: fc.Arbitrary<Query> = fc.oneof(
  text.filter((channel) => channel !== 'c' && channel !== '').map((channel) => ({ channel_id: [channel] })),
  text.map((channel) => ({ channel_id: ['c', channel] })),
  text.filter((id) => id !== 't').map((id) => ({ tenant_id: [id] })),
  text.filter((id) => id !== 'a').map((id) => ({ agent_id: [id] })),
  fc
    .tuple(fc.constantFrom('tenant_id', 'agent_id', 'echo'), text)
    .map(([name, value]) => ({ [name]: ['t', value] })),
  text.map((second) => ({ token: [good, second] })),
  text.map((first) => ({ token: [first, good] })),
);

test(`${String(queries)} mutated queries`, async () => {
  await fc.assert(
    fc.asyncProperty(hostileQuery, (query) => isRefused({ token: [good], ...query }, [401, 403])),
    runs(queries),
  );
}, 600_000);
