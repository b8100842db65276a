/**
 * Conformance: functions whose clocks are wrong (docs/protocol.md, TOK-2, TOK-7, RAT-4). Nothing valid is refused, nothing that has
 * expired is taken, and nothing that was written meanwhile hurts later.
 */
import { fresh } from '../helpers/bus';
import { needs } from '../helpers/target';
import { statusOf } from '../helpers/handshake';
import type { TestClient } from '../helpers/ws-client';
import { useBus } from '../helpers/use-bus';

const bus = useBus({ faultPlan: {} });

const withFaults = needs('faults');
const everyFunction = 'Function';

function setClocks(skewMs: number, name = everyFunction): void {
  bus.inside.gateway.faultPlan?.replace(skewMs === 0 ? {} : { clocks: [{ function: name, skewMs }] });
}

/** Publishes to the own channel and to the other agent, and awaits what both get. */
async function talk(from: TestClient, to: TestClient, agent: string): Promise<void> {
  const [id, direct] = [fresh('m'), fresh('d')];
  expect(await from.request({ id, content: 1 })).toMatchObject({ type: 'ACK', status: 'accepted' });
  await to.nextMessage({ id });
  expect(await from.request({ id: direct, to: agent, content: 1 })).toMatchObject({ type: 'ACK' });
  await to.nextMessage({ id: direct });
}

for (const skewMs of [-300_000, -240_000, -10_000, 10_000, 240_000, 300_000]) {
  withFaults(
    `RAT-4 nothing valid is refused by functions whose clock is ${skewMs} ms off, nor afterwards`,
    async () => {
      const tenant = fresh('tenant');
      const pair = async (): Promise<[TestClient, TestClient]> => [
        await bus.connect({ tenant, agent: 'a' }, { channel: 'news' }),
        await bus.connect({ tenant, agent: 'b' }, { channel: 'news' }),
      ];
      setClocks(skewMs);
      const during = await pair();
      await talk(...during, 'b');
      // Enough for the common counters, in which a wrong time would stay.
      const ids = Array.from({ length: 25 }, () => fresh('r'));
      const replies = ids.map((id) => during[0].reply(id));
      during[0].send(ids.map((id) => ({ id, content: 1, ephemeral: true })));
      for (const reply of await Promise.all(replies)) expect(reply).toMatchObject({ type: 'ACK' });

      setClocks(0);
      await talk(...during, 'b');
      await talk(...(await pair()), 'b');
    },
  );
}

withFaults('TOK-2 TOK-7 a token ends at its second, whatever the clock of a function says', async () => {
  const tenant = fresh('tenant');
  for (const skewMs of [-240_000, 240_000]) {
    setClocks(skewMs);
    const claims = { tenant_id: tenant, agent_id: 'a' };
    const now = bus.seconds();
    const statuses = [
      await statusOf(bus.url({ token: bus.signedToken({ ...claims, exp: now - 5 }) })),
      await statusOf(bus.url({ token: bus.signedToken({ ...claims, nbf: now + 60 }) })),
      await statusOf(bus.url({ token: bus.signedToken({ ...claims, exp: now + 60, nbf: now, iat: now }) })),
    ];
    expect(statuses).toEqual([401, 401, 101]);
    const short = await bus.connect({ tenant, agent: 'a', expiresInSeconds: 30 }, { channel: 'news' });
    expect(await short.request({ id: 'before', content: 1 })).toMatchObject({ type: 'ACK' });
    await bus.inside.gateway.clock.advance(31_000);
    expect(await short.request({ id: 'after', content: 1 })).toMatchObject({ code: 'token_expired' });
  }
  setClocks(0);
});

withFaults(
  'RAT-4 what a release with a wrong clock has counted refuses nobody for longer than a burst',
  async () => {
    const tenant = fresh('tenant');
    const client = await bus.connect({ tenant, agent: 'a' }, { channel: 'news', echo: false });
    await bus.inside.tables.setUsedUntil(tenant, bus.now() + 240_000);
    const send = async (): Promise<number> => {
      const ids = Array.from({ length: 25 }, () => fresh('r'));
      const replies = ids.map((id) => client.reply(id));
      client.send(ids.map((id) => ({ id, content: 1, ephemeral: true })));
      const answers = await Promise.all(replies);
      return answers.filter(({ type }) => type === 'ACK').length;
    };
    // Learns of the counter, which is four minutes ahead.
    for (let batch = 0; batch < 6; batch++) await send();
    // Burst ÷ rate.
    await bus.inside.gateway.clock.advance(2_500);
    expect(await send()).toBe(25);
  },
);
