/**
 * Conformance: how many messages an agent and a tenant may send (docs/protocol.md, Rates). Small limits, so that a batch is
 * a flood; the default ones where minutes are looked at.
 */
import { Bus, fresh } from '../helpers/bus';
import { statusOf } from '../helpers/handshake';
import { needs, target } from '../helpers/target';
import type { Frame, TestClient } from '../helpers/ws-client';

let small: Bus;
let usual: Bus;
let tenant: string;
/** Of the test that floods for half a minute. */
let floodedTenant: string;
/** As many as the gateway runs of one function. */
const environments = 8;

beforeAll(async () => {
  if (target !== undefined) return;
  small = await Bus.start({
    settings: { messageRate: { agentPerSecond: 1, agentBurst: 10, tenantPerSecond: 1, tenantBurst: 30 } },
  });
  usual = await Bus.start();
});
beforeEach(() => {
  tenant = fresh('tenant');
});
afterAll(async () => {
  if (target === undefined) await Promise.all([small.stop(), usual.stop()]);
});

/** At level 1 the answers to a batch are a text or two: a machine that is slow has no time for 25 posts, one after another. */
const publishing = { channel: 'news', echo: false, level: 1 } as const;

const withSettings = needs('settings');
const count = (n: number): number[] => Array.from({ length: n }, (_, index) => index);

/** Sends a batch of ephemeral messages and gives what was answered, frame by frame. */
async function burst(client: TestClient, frames: number): Promise<readonly Frame[]> {
  const ids = count(frames).map((n) => fresh(`m${n}`));
  const replies = ids.map((id) => client.reply(id));
  client.send(ids.map((id) => ({ id, content: 1, ephemeral: true })));
  return Promise.all(replies);
}

const accepted = (replies: readonly Frame[]): number => replies.filter(({ type }) => type === 'ACK').length;

withSettings('RAT-1 each frame of a batch counts, and those behind the limit are refused', async () => {
  const client = await small.connect({ tenant, agent: 'a' }, publishing);

  const replies = await burst(client, 25);

  expect(accepted(replies.slice(0, 10))).toBe(10);
  expect(accepted(replies.slice(10))).toBe(0);
});

withSettings('RAT-1 frames that break a rule count too', async () => {
  const client = await small.connect({ tenant, agent: 'a' }, { channel: 'news', echo: false });

  client.send([...count(10), { id: 'm1', content: 1 }]);

  expect(await client.reply('m1')).toMatchObject({ code: 'rate_limited' });
});

/** Fewer refused frames than make a flood of 20 bursts (RAT-6), a batch more included. */
const maxRefused = 140;

/**
 * Floods until every environment has counted the others: each of them reads the counter with its 25th frame at the latest.
 */
async function exhaust(client: TestClient): Promise<void> {
  let refused = 0;
  for (let refusedInARow = 0; refusedInARow < 4 && refused < maxRefused;) {
    const now = accepted(await burst(client, 25));
    refusedInARow = now === 0 ? refusedInARow + 1 : 0;
    refused += 25 - now;
  }
}

/** A new environment may come into play at any time and know nothing yet; it is asked again with another agent. */
async function once<T>(attempt: (agent: string) => Promise<T>, fits: (result: T) => boolean): Promise<T> {
  for (let tries = 1; ; tries++) {
    const result = await attempt(fresh('agent'));
    if (fits(result) || tries === 5) return result;
  }
}

withSettings('RAT-1 the connections of an agent count together, those of other agents do not', async () => {
  const own = await once(
    async (agent) => {
      const who = { tenant: fresh('tenant'), agent };
      const first = await small.connect(who, publishing);
      const second = await small.connect(who, publishing);
      await exhaust(first);
      return accepted(await burst(second, 10));
    },
    (frames) => frames === 0,
  );
  const other = await small.connect({ tenant, agent: 'b' }, publishing);

  expect(own).toBe(0);
  expect(accepted(await burst(other, 10))).toBe(10);
});

withSettings('RAT-1 the agents of a tenant count together, those of other tenants do not', async () => {
  for (let n = 0; n < 12; n++) {
    const client = await small.connect({ tenant, agent: `a${n}` }, publishing);
    await burst(client, 25);
  }
  const late = await once(
    async (agent) => accepted(await burst(await small.connect({ tenant, agent }, publishing), 10)),
    (frames) => frames === 0,
  );
  const elsewhere = await small.connect({ tenant: fresh('tenant'), agent: 'a1' }, publishing);

  expect(late).toBe(0);
  expect(accepted(await burst(elsewhere, 10))).toBe(10);
});

withSettings('RAT-2 a refused frame says when to come back, and is nowhere afterwards', async () => {
  const listener = await small.connect({ tenant, agent: 'b' }, { channel: 'news' });
  const refusal = await once(
    async (agent) => {
      const client = await small.connect({ tenant, agent }, publishing);
      await exhaust(client);
      return client.request({ id: agent, content: 1 });
    },
    ({ type }) => type === 'ERROR',
  );
  // Each agent that was tried has used a part of the tenant's burst, which comes back within this time.
  await small.inside.gateway.clock.advance(60_000);
  await listener.request({ id: 'after', content: 1 });
  await listener.nextMessage({ id: 'after' });

  expect(refusal).toEqual({
    type: 'ERROR',
    code: 'rate_limited',
    message_id: expect.any(String) as string,
    error: expect.any(String) as string,
    timestamp: expect.any(String) as string,
    retry_after_ms: expect.any(Number) as number,
  });
  expect(refusal.retry_after_ms).toBeGreaterThan(0);
  expect(listener.messageIds).not.toContain(refusal.message_id);
});

withSettings('RAT-2 a client that waits that long is admitted', async () => {
  const client = await small.connect({ tenant, agent: 'a' }, publishing);
  await exhaust(client);
  // Each environment answers with its own wait; the longest of them is enough.
  for (let tries = 0; tries < 5; tries++) {
    const replies = await burst(client, 4);
    if (accepted(replies) === 4) return;
    const waitMs = Math.max(...replies.map(({ retry_after_ms: ms }) => Number(ms ?? 0)));
    await small.inside.gateway.clock.advance(waitMs);
  }
  throw new Error('Never admitted');
});

withSettings(
  'RAT-3 refused frames without an id have one ERROR together, and none beside one with an id',
  async () => {
    const client = await small.connect({ tenant, agent: 'a' }, { channel: 'news', echo: false });

    client.send([...count(25).map(() => ({ content: 1, ephemeral: true }))]);
    const refusal = await client.next({ code: 'rate_limited' });
    client.send([...count(24).map(() => ({ content: 1, ephemeral: true })), { id: 'm1', content: 1 }]);
    expect(await client.reply('m1')).toMatchObject({ code: 'rate_limited' });
    client.send([...count(24).map(() => ({ content: 1, ephemeral: true })), { id: 'm2', content: 1 }]);
    await client.reply('m2');

    expect(refusal).not.toHaveProperty('message_id');
    const unnamed = client.received.filter(
      (frame) => frame.code === 'rate_limited' && frame.message_id === undefined,
    );
    expect(unnamed).toHaveLength(1);
  },
);

withSettings('RAT-4 over half a minute an agent gets its rate and burst, a fifth more or less', async () => {
  floodedTenant = tenant;
  const client = await usual.connect({ tenant, agent: 'a' }, publishing);
  const start = usual.now();
  let sent = 0;
  for (let round = 0; round < 30; round++) {
    for (let batch = 0; batch < 6; batch++) sent += accepted(await burst(client, 25));
    await usual.inside.gateway.clock.advance(1_000);
  }
  const allowed = 100 + 50 * ((usual.now() - start) / 1_000 - 1);
  expect(sent / allowed).toBeGreaterThan(0.8);
  expect(sent / allowed).toBeLessThan(1.2);
});

needs('log')('RAT-4 a flood is logged in lines of ten seconds, not frame by frame', () => {
  const lines = usual.inside.log
    .filter(({ text }) => text.includes(floodedTenant))
    .map(({ text }) => JSON.parse(text) as { event: string; frames: number })
    .filter(({ event }) => event === 'rate_limited');
  const frames = lines.map((line) => line.frames);
  expect(frames.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(1_000);
  // Half a minute: at once, and after ten, twenty and thirty seconds; a few seconds more where the machine is slow.
  expect(lines.length).toBeLessThanOrEqual(environments * 5);
  return Promise.resolve();
});

withSettings(
  'RAT-5 deliveries are charged to the agent that publishes, and its next frames are refused',
  async () => {
    const costly = await Bus.start({ settings: { workRate: { agentPerSecond: 1, agentBurst: 100 } } });
    try {
      for (const n of count(20)) await costly.connect({ tenant, agent: `reader${n}` }, { channel: 'news' });
      const client = await costly.connect({ tenant, agent: 'a' }, { channel: 'news', echo: false });
      let sent = 0;
      let answer = await client.request({ id: 'm0', content: 1 });
      while (answer.type === 'ACK' && sent < 100) {
        sent += 1;
        answer = await client.request({ id: `m${sent}`, content: 1 });
      }
      const other = await costly.connect({ tenant, agent: 'b' }, { channel: 'news', echo: false });

      expect(answer).toMatchObject({ code: 'rate_limited', message_id: `m${sent}` });
      expect(answer.retry_after_ms).toBeGreaterThan(1_000);
      // Each costs about 24 units; an environment that knows nothing yet may admit a few.
      expect(sent).toBeGreaterThanOrEqual(3);
      expect(sent).toBeLessThanOrEqual(environments * 5);
      expect(await other.request({ id: 'o1', content: 1 })).toMatchObject({ type: 'ACK' });
    } finally {
      await costly.stop();
    }
  },
);

withSettings(
  'RAT-6 a client that ignores its refusals is disconnected, and refused for a minute',
  async () => {
    const who = { tenant, agent: 'a' };
    const flooder = await small.connect(who, publishing);
    const frames = count(25).map(() => ({ content: 1, ephemeral: true }));
    const goAway = flooder.next({ type: 'GOAWAY' });
    for (let sent = 0; sent < 40; sent++) flooder.send(frames);

    expect(await flooder.closed).toMatchObject({ code: 1_000 });
    expect(await goAway).toMatchObject({ code: 'rate_limited', reconnect: true });
    const url = await small.urlFor(who);
    let status = await statusOf(url);
    expect(status).toBe(429);
    expect(await statusOf(await small.urlFor({ tenant, agent: 'b' }))).toBe(101);
    // What was sent before the end may still be refused, and begins the minute again.
    for (let tries = 0; tries < 5 && status === 429; tries++) {
      await small.inside.gateway.clock.advance(60_000);
      status = await statusOf(url);
    }
    expect(status).toBe(101);
  },
);
