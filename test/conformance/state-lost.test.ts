/** Conformance: what a connection hears that the service has taken for gone (docs/protocol.md, Level 1, PIN-3). */
import { Bus, fresh } from '../helpers/bus';
import { eventually } from '../helpers/eventually';
import { needs } from '../helpers/target';
import type { Frame, TestClient } from '../helpers/ws-client';

const wrong410s = {
  rules: ['post', 'get'].map((operation) => ({
    service: 'connections' as const,
    operation,
    fault: 'error' as const,
    status: 410,
  })),
};

/** A connection that is open, but was removed as wrong answers of the platform said that it is gone. */
async function removedByMistake(bus: Bus, tenant: string, level: 0 | 1): Promise<TestClient> {
  const { gateway, tables } = bus.inside;
  const client = await bus.connect({ tenant, agent: 'lost' }, { level, channel: 'news' });
  const writer = await bus.connect({ tenant, agent: 'w' });
  // Old enough that a 410 is believed.
  await gateway.clock.advance(11_000);
  gateway.faultPlan!.replace(wrong410s);
  const isRemoved = (): Promise<unknown> =>
    eventually(
      () => tables.connectionRows(tenant),
      (rows) => rows.every(({ agent }) => agent !== 'lost'),
    );
  // A function of a busy machine may have no time left to look into it.
  for (let tries = 3; tries > 0; tries--) {
    writer.send({ id: `m${tries}`, channel_id: 'news', content: 1 });
    if (tries === 1) await isRemoved();
    else if (
      await isRemoved().then(
        () => true,
        () => false,
      )
    )
      break;
  }
  gateway.faultPlan!.replace({});
  return client;
}

const frames: Frame[] = [
  { type: 'hello' },
  { type: 'hello', resume: [{ channel_id: 'news' }] },
  { type: 'hello', status: 'busy' },
  { type: 'subscribe', channel_id: 'news' },
  { type: 'subscribe', channel_id: '$inbox' },
  { type: 'presence', status: 'busy' },
  { type: 'presence' },
];

needs('faults')(
  'PIN-3 PIN-2 a connection that was removed by mistake learns it from whatever it asks',
  async () => {
    const bus = await Bus.start({ faultPlan: {} });
    try {
      const client = await removedByMistake(bus, fresh('tenant'), 1);
      const goAway = { type: 'GOAWAY', code: 'state_lost', reconnect: true };
      for (const frame of frames) {
        expect(await client.request(frame)).toMatchObject({ type: 'ERROR', code: 'unavailable' });
        expect(await client.next({ type: 'GOAWAY' })).toMatchObject(goAway);
      }
      expect(await client.request({ type: 'presence', query: {} })).toMatchObject({
        type: 'PRESENCE',
        agents: expect.any(Array) as unknown,
      });
      expect(await client.next({ type: 'GOAWAY' })).toMatchObject(goAway);
      expect(await client.request({ type: 'ping' })).toMatchObject({ type: 'PONG' });
      expect(await client.next({ type: 'GOAWAY' })).toMatchObject(goAway);
      expect(await client.request({ content: 1 })).toMatchObject({ type: 'ACK', status: 'accepted' });
      expect(client.isOpen).toBe(true);
    } finally {
      await bus.stop();
    }
  },
);

needs('faults')('PIN-3 at level 0 such a connection gets an ERROR and no new frame', async () => {
  const bus = await Bus.start({ faultPlan: {} });
  try {
    const client = await removedByMistake(bus, fresh('tenant'), 0);
    for (const frame of frames) {
      const error = await client.request(frame);
      expect(error).toMatchObject({ type: 'ERROR', code: 'unavailable' });
      expect(error.retry_after_ms).toBeGreaterThanOrEqual(1);
    }
    for (const frame of [{ type: 'presence', query: {} }, { type: 'ping' }])
      expect(await client.request(frame)).toMatchObject({ type: 'ACK' });
    await client.request({ content: 1 });
    expect(new Set(client.received.map(({ type }) => type))).toEqual(new Set(['ACK', 'ERROR']));
  } finally {
    await bus.stop();
  }
});
