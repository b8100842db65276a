/**
 * Tables that b45d54d has filled, then served by this service: what was accepted, missed, counted and said is still true.
 * The old gateway stops without a word to anybody, so that its connections are left behind in the tables.
 */
import assert from 'node:assert/strict';
import type { Bus } from '../helpers/bus';
import type { Frame, TestClient } from '../helpers/ws-client';

const tenant = 'upgrade';
const news = 'news';
/** Longer than the clock is moved. */
const long = { expiresInSeconds: 24 * 3_600 };
/** The third one is stored compressed. */
const contents = [1, 'two', { long: 'x'.repeat(8_000) }, [4], null, 6.5];

export interface Filled {
  /** ACKs of the messages in `news`, oldest first. */
  readonly acks: readonly Frame[];
  /** The version of alice's presence. */
  readonly version: number;
}

const open = (bus: Bus, agent: string, level: 0 | 1, channel?: string): Promise<TestClient> =>
  bus.connect({ tenant, agent, ...long }, { level, ...(channel === undefined ? {} : { channel }) });

/** With the old service. */
export async function fill(bus: Bus): Promise<Filled> {
  const alice = await open(bus, 'alice', 1);
  await alice.request({ type: 'hello', resume: [{ channel_id: news }] });
  await open(bus, 'bob', 0, news);
  // Nothing is ever sent to this one, so that only a sweep can find it.
  await open(bus, 'fay', 0);
  // They were here once, and are not when the messages for them come.
  for (const agent of ['carol', 'dave', 'erin']) await (await open(bus, agent, 0)).close();

  const acks: Frame[] = [];
  for (const [index, content] of contents.entries())
    acks.push(await alice.request({ type: 'message', id: `m${index}`, channel_id: news, content }));
  assert.deepEqual(
    acks.map(({ type, sequence }) => [type, sequence]),
    contents.map((_, index) => ['ACK', index + 1]),
  );
  for (const to of ['carol', 'dave'])
    for (const content of ['first', 'second']) {
      const ack = await untilStored(alice, { type: 'message', to, content });
      assert.equal(ack.status, 'stored');
    }
  const { version } = await alice.request({ type: 'presence', status: 'busy', capabilities: ['translate'] });
  // As much as an agent may send at once: its counter is written.
  for (let batch = 0; batch < 4; batch++)
    alice.send(
      Array.from({ length: 25 }, () => ({
        type: 'message',
        channel_id: 'flood',
        content: 0,
        ephemeral: true,
      })),
    );
  await alice.request({ type: 'ping' });
  return { acks, version: Number(version) };
}

/** An agent's last connection ends a moment after its socket does. */
async function untilStored(alice: TestClient, frame: Frame): Promise<Frame> {
  for (;;) {
    const agent = await presenceOf(alice, String(frame.to));
    if (agent?.status === 'offline') return alice.request(frame);
  }
}

async function presenceOf(alice: TestClient, agent: string): Promise<Frame | undefined> {
  const { agents } = await alice.request({ type: 'presence', query: { agent_id: agent } });
  return (agents as Frame[])[0];
}

/** With the new service on the same tables. */
export async function check(bus: Bus, { acks, version }: Filled): Promise<void> {
  const alice = await open(bus, 'alice', 1);
  await checkResume(alice, acks);
  await checkHistory(alice, acks);
  await checkRetry(alice, acks);
  await checkInboxes(bus);
  await checkPresence(alice, version);
  await checkSweep(bus, alice);
}

/** From the position of the second message on. */
async function checkResume(alice: TestClient, acks: readonly Frame[]): Promise<void> {
  const { epoch, sequence } = acks[1]!;
  const welcome = await alice.request({ type: 'hello', resume: [{ channel_id: news, epoch, sequence }] });
  const state = (welcome.channels as Frame[]).find(({ channel_id }) => channel_id === news);
  assert.equal(state?.recovered, true);
  assert.equal(state.sequence, contents.length);
  for (const [index, content] of contents.entries()) {
    if (index < 2) continue;
    const message = await alice.nextMessage({ channel_id: news, id: `m${index}` });
    assert.deepEqual(message.content, content);
    assert.equal(message.timestamp, acks[index]!.timestamp);
    assert.equal(message.replayed, true);
  }
  await alice.next({ type: 'REPLAYED', channel_id: news, complete: true });
}

async function checkHistory(alice: TestClient, acks: readonly Frame[]): Promise<void> {
  const { messages } = await alice.request({ type: 'history', channel_id: news });
  assert.deepEqual(
    (messages as Frame[]).map(({ id, content, timestamp, sequence, epoch, agent_id }) => ({
      id,
      content,
      timestamp,
      sequence,
      epoch,
      agent_id,
    })),
    contents.map((content, index) => {
      const { timestamp, sequence, epoch } = acks[index]!;
      return { id: `m${index}`, content, timestamp, sequence, epoch, agent_id: 'alice' };
    }),
  );
}

/** ACK-6 across the two releases, and the log goes on in its epoch. */
async function checkRetry(alice: TestClient, acks: readonly Frame[]): Promise<void> {
  const first = acks[4]!;
  const frame = { type: 'message', channel_id: news, content: contents[4] };
  const again = await alice.request({ ...frame, id: 'm4', retry: true });
  const { status, timestamp, sequence, epoch } = again;
  assert.deepEqual(
    { status, timestamp, sequence, epoch },
    { status: 'duplicate', timestamp: first.timestamp, sequence: first.sequence, epoch: first.epoch },
  );
  const next = await alice.request({ ...frame, id: 'after' });
  assert.deepEqual([next.epoch, next.sequence], [first.epoch, contents.length + 1]);
}

/** INB-1 at both levels. */
async function checkInboxes(bus: Bus): Promise<void> {
  const carol = await open(bus, 'carol', 0);
  for (const content of ['first', 'second'])
    assert.equal((await carol.nextMessage({ agent_id: 'alice' })).content, content);
  const dave = await open(bus, 'dave', 1);
  await dave.request({ type: 'hello' });
  for (const [index, content] of ['first', 'second'].entries()) {
    const message = await dave.nextMessage({ agent_id: 'alice' });
    assert.deepEqual([message.content, message.sequence], [content, index + 1]);
  }
  await dave.next({ type: 'REPLAYED', channel_id: '$inbox', complete: true });
}

async function checkPresence(alice: TestClient, version: number): Promise<void> {
  const known = await presenceOf(alice, 'alice');
  assert.deepEqual([known?.status, known?.capabilities], ['busy', ['translate']]);
  assert.ok(Number(known?.version) >= version);
  const changed = await alice.request({ type: 'presence', status: 'free' });
  assert.ok(Number(changed.version) > version);
  assert.equal((await presenceOf(alice, 'erin'))?.status, 'offline');
}

/** Connections that the old service has left behind are found, and those of now stay. */
async function checkSweep(bus: Bus, alice: TestClient): Promise<void> {
  const { gateway, tables } = bus.inside;
  assert.equal((await tables.presence(tenant, 'fay'))?.status, 'online');
  for (let minutes = 0; minutes < 12; minutes += 4) {
    await gateway.clock.advance(4 * 60_000);
    await alice.request({ type: 'ping' });
  }
  // It has run by its schedule as well; this run has seen everything that is old by now.
  await gateway.schedules[0]!.run();
  for (const agent of ['bob', 'fay']) assert.equal((await tables.presence(tenant, agent))?.status, 'offline');
  const open = new Set(gateway.connections().map(({ connectionId }) => connectionId));
  const left = (await tables.connectionRows(tenant)).map((row) => String(row.connection_id));
  assert.deepEqual(
    left.filter((id) => !open.has(id)),
    [],
  );
  assert.equal((await presenceOf(alice, 'alice'))?.status, 'free');
}
