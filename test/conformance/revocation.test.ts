/**
 * Conformance: revoked tokens (docs/protocol.md, TOK-8). The orders go through the commands' own function.
 */
import { fresh } from '../helpers/bus';
import { statusOf } from '../helpers/handshake';
import { needs } from '../helpers/target';
import { useBus } from '../helpers/use-bus';

const bus = useBus();
let tenant: string;

beforeEach(() => {
  tenant = fresh('tenant');
});

const withOrders = needs('signing key');

withOrders(
  'TOK-8 a revoked agent gets GOAWAY, is closed and refused, and comes back with a later token',
  async () => {
    const [level1, level0, other] = [
      await bus.connect({ tenant, agent: 'a' }, { level: 1 }),
      await bus.connect({ tenant, agent: 'a' }, { channel: 'news' }),
      await bus.connect({ tenant, agent: 'b' }, { level: 1 }),
    ];
    expect(await bus.order({ action: 'revoke', tenant_id: tenant, agent_id: 'a' })).toEqual({ closed: 2 });
    await level1.next({ type: 'GOAWAY', code: 'revoked' });
    await Promise.all([level1.closed, level0.closed]);
    const old = bus.signedToken({ tenant_id: tenant, agent_id: 'a', iat: bus.seconds() - 60 });
    expect(await statusOf(bus.url({ token: old }))).toBe(401);
    expect(await other.request({ type: 'ping' })).toMatchObject({ type: 'PONG' });
    const later = bus.signedToken({ tenant_id: tenant, agent_id: 'a', iat: bus.seconds() + 2 });
    const back = await bus.open(bus.url({ token: later }), ['artcafe.v1']);
    expect(await back.request({ type: 'ping' })).toMatchObject({ type: 'PONG' });
  },
);

withOrders('TOK-8 one token is revoked by its jti, and others of the agent stay', async () => {
  const token = (jti: string) => bus.signedToken({ tenant_id: tenant, agent_id: 'a', jti });
  const lost = await bus.open(bus.url({ token: token('lost') }), ['artcafe.v1']);
  const kept = await bus.open(bus.url({ token: token('kept') }), ['artcafe.v1']);
  expect(await bus.order({ action: 'revoke', tenant_id: tenant, agent_id: 'a', jti: 'lost' })).toEqual({
    closed: 1,
  });
  await lost.closed;
  expect(await statusOf(bus.url({ token: token('lost') }))).toBe(401);
  expect(await kept.request({ type: 'ping' })).toMatchObject({ type: 'PONG' });
});

withOrders('TOK-8 a blocked tenant is refused until it is unblocked', async () => {
  const client = await bus.connect({ tenant, agent: 'a' }, { level: 1 });
  await bus.order({ action: 'block', tenant_id: tenant });
  await client.closed;
  const url = await bus.urlFor({ tenant, agent: 'a' });
  expect(await statusOf(url)).toBe(401);
  await bus.order({ action: 'unrevoke', tenant_id: tenant });
  const back = await bus.open(url, ['artcafe.v1']);
  expect(await back.request({ type: 'ping' })).toMatchObject({ type: 'PONG' });
});

withOrders('a kicked agent may come back at once', async () => {
  const client = await bus.connect({ tenant, agent: 'a' }, { level: 1 });
  expect(await bus.order({ action: 'kick', tenant_id: tenant, agent_id: 'a' })).toEqual({ closed: 1 });
  await client.next({ type: 'GOAWAY', code: 'kicked' });
  await client.closed;
  const back = await bus.connect({ tenant, agent: 'a' }, { level: 1 });
  expect(await back.request({ type: 'ping' })).toMatchObject({ type: 'PONG' });
});
