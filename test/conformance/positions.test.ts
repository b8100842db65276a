/** Conformance: positions of empty logs, and positions in the future (docs/protocol.md, Level 1). */
import { fresh } from '../helpers/bus';
import { needs } from '../helpers/target';
import type { Frame, TestClient } from '../helpers/ws-client';
import { useBus } from '../helpers/use-bus';

const bus = useBus();
let tenant: string;
let client: TestClient;

beforeEach(async () => {
  tenant = fresh('tenant');
  client = await bus.connect({ tenant, agent: 'a' }, { level: 1, echo: false });
});

const positionOf = ({ epoch, sequence }: Frame) => ({ epoch, sequence });
const ask = (type: string, more: object = {}): Promise<Frame> =>
  client.request({ type, channel_id: 'news', ...more });
const headsOf = async (position: object): Promise<Frame[]> => {
  const pong = await client.request({ type: 'ping', channels: [{ channel_id: 'news', ...position }] });
  return pong.channels as Frame[];
};
const emptyAt = (epochMs: number) => ({ epoch: `empty-${epochMs}`, sequence: 0 });
const minutes = 60_000;

test('POS-1 the position of an empty log means all that has come since', async () => {
  const since = positionOf(await ask('subscribe'));
  expect(since).toEqual({ epoch: expect.stringMatching(/^empty-/) as unknown, sequence: 0 });
  expect(await ask('subscribe', { since })).toMatchObject({ recovered: true, sequence: 0 });
  expect(await headsOf(since)).toEqual([]);

  const first = await client.request({ id: 'm1', channel_id: 'news', content: 1 });
  expect(first.epoch).not.toMatch(/^empty-/);
  expect(await headsOf(since)).toMatchObject([positionOf(first)]);
  expect(await ask('subscribe', { since })).toMatchObject({ recovered: true, ...positionOf(first) });
  expect(await client.nextMessage({ id: 'm1' })).toMatchObject({ replayed: true });
  expect(await ask('history', { after: since })).toMatchObject({ messages: [{ id: 'm1' }] });
  expect(await ask('history', { before: since })).toMatchObject({ messages: [] });
});

test('POS-1 it ages, and two of nearly one time are one', async () => {
  const now = bus.now();
  expect(await headsOf(emptyAt(now - 19 * minutes))).toEqual([]);
  expect(await headsOf(emptyAt(now - 21 * minutes))).toMatchObject([{ sequence: 0 }]);
  const age = (hours: number, more: number) => emptyAt(now - hours * 60 * minutes + more);
  expect(await ask('subscribe', { since: age(24, 11 * minutes) })).toMatchObject({ recovered: true });
  expect(await ask('subscribe', { since: age(24, 10 * minutes) })).toMatchObject({
    recovered: false,
    reason: 'expired',
  });
});

test('POS-2 a position in the future is not continued from', async () => {
  const first = await client.request({ id: 'm1', channel_id: 'news', content: 1 });
  const head = positionOf(first);
  for (const since of [
    { ...head, sequence: 2 },
    { ...head, sequence: Number.MAX_SAFE_INTEGER },
    emptyAt(bus.now() + 12 * minutes),
    { ...emptyAt(bus.now()), sequence: 1 },
  ]) {
    expect(await ask('subscribe', { since })).toMatchObject({ recovered: false, reason: 'ahead', ...head });
    expect(await ask('history', { after: since })).toMatchObject({ code: 'not_recoverable' });
    expect(await headsOf(since)).toMatchObject([head]);
  }
  const before = { ...head, sequence: 1_000_000 };
  expect(await ask('history', { before })).toMatchObject({ messages: [{ id: 'm1' }], ...head });
  expect(await ask('subscribe', { since: { ...head, sequence: 1e16 } })).toMatchObject({
    code: 'invalid_message',
  });
});

needs('clock')('ACK-4 a later epoch begins above what is still known of the one before', async () => {
  const first = await client.request({ id: 'm1', channel_id: 'news', content: 1 });
  await bus.inside.gateway.clock.advance(24.5 * 60 * minutes);
  client = await bus.connect({ tenant, agent: 'a' }, { level: 1 });
  const next = await client.request({ id: 'm2', channel_id: 'news', content: 1 });
  expect(next.epoch).not.toBe(first.epoch);
  expect(next.sequence).toBe(2);
});
