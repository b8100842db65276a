/**
 * Conformance: an event that the platform delivers twice is one message (docs/protocol.md, Server frames), and times along a log.
 * The second delivery comes at once, within the work on the first, or seconds later.
 */
import { fresh } from '../helpers/bus';
import { needs } from '../helpers/target';
import { type Frame, isMessage, type TestClient } from '../helpers/ws-client';
import { useBus } from '../helpers/use-bus';
import { warmUp } from '../helpers/warm-up';
import { wasServed } from '../helpers/was-served';

const bus = useBus({ faultPlan: {} });
let tenant: string;

beforeAll(() => warmUp(bus));

beforeEach(() => {
  tenant = fresh('tenant');
});

const delays = [0, 1, 5, 20, 50, 90, 500, 1_000, 5_000];
const count = (n: number): number[] => Array.from({ length: n }, (_, index) => index);

/** From now on every message's event is delivered twice. */
function twice(delayMs: number): void {
  bus.inside.gateway.faultPlan!.replace({
    rules: [{ service: 'event', operation: 'message', fault: 'duplicate', delayMs }],
  });
}

function once(): void {
  bus.inside.gateway.faultPlan!.replace({});
}

/** A busy machine takes its time. */
const patienceMs = 60_000;
const maxAttempts = 5;

/** The answers to a frame; where one is `unavailable`, that of the same message again. */
async function answersTo(client: TestClient, frame: Frame, times: number): Promise<readonly Frame[]> {
  const answers: Frame[] = [];
  while (answers.length < times) {
    const answer = await client.next((each) => each.message_id === frame.id, patienceMs);
    if (answer.code === 'unavailable') client.send({ ...frame, retry: true });
    else answers.push(answer);
  }
  return answers;
}

/** All name one place in the log, which the message was given at most once. */
function expectOnePlace(answers: readonly Frame[]): Frame {
  const [one = {}] = answers;
  expect(one).toMatchObject({ type: 'ACK', sequence: expect.any(Number) });
  for (const answer of answers) expect({ ...answer, status: one.status }).toEqual(one);
  expect(answers.filter(({ status }) => status !== 'duplicate').length).toBeLessThanOrEqual(1);
  return one;
}

/** What ended in `unavailable` may be in the log and never be delivered live. */
function isSent(answers: readonly Frame[]): boolean {
  return answers.some(({ status }) => status !== 'duplicate');
}

/** Exactly these messages, each so often as it is listed. */
async function expectOnce(client: TestClient, ids: readonly string[]): Promise<void> {
  for (const id of ids) await client.next((frame) => isMessage(frame) && frame.id === id, patienceMs);
  expect([...client.messageIds].sort()).toEqual([...ids].sort());
}

const targets: Frame[] = [{ channel_id: 'news' }, { to: 'b' }, { to: 'nobody' }];

/** Whether every post was answered in its second, as the functions say. What the receivers got is checked only then. */
async function goesOnce(delayMs: number): Promise<boolean> {
  // What no connection took on a busy machine, for posts of over a second, goes to the agent's next one: INB-1.
  tenant = fresh('tenant');
  const sender = await bus.connect({ tenant, agent: 'a' });
  const receivers = await Promise.all([
    bus.connect({ tenant, agent: 'b' }, { channel: 'news' }),
    bus.connect({ tenant, agent: 'b' }, { channel: 'news', level: 1 }),
  ]);
  twice(delayMs);
  const frames = targets.map((where) => ({ id: fresh('m'), content: delayMs, ...where }));
  for (const frame of frames) sender.send(frame);
  const answers = await Promise.all(frames.map((frame) => answersTo(sender, frame, 2)));
  once();
  const later = targets.map((where) => ({ id: fresh('next'), content: 0, ...where }));
  for (const [n, frame] of later.entries()) {
    const { sequence, epoch } = expectOnePlace(answers[n]!);
    expect(await sender.request(frame)).toMatchObject({ sequence: Number(sequence) + 1, epoch });
  }
  // The third target is an agent that never connects.
  const sent = frames.slice(0, 2).filter((_, n) => isSent(answers[n]!));
  const next = later.slice(0, 2);
  const served = await Promise.all([
    ...sent.map(({ id }) => wasServed(bus, id, 2)),
    ...next.map(({ id }) => wasServed(bus, id)),
  ]);
  const areServed = served.every(Boolean);
  const ids = [...sent, ...next].map(({ id }) => id);
  if (areServed) for (const client of receivers) await expectOnce(client, ids);
  await bus.hangUp();
  return areServed;
}

/** The same of six messages in one batch, of which each two are equal. */
async function goesOnceAsBatch(delayMs: number): Promise<boolean> {
  const channel_id = fresh('c');
  const [sender, receiver] = await Promise.all([
    bus.connect({ tenant, agent: 'a' }, { level: 1 }),
    bus.connect({ tenant, agent: 'b' }, { channel: channel_id }),
  ]);
  twice(delayMs);
  const equal = count(3).map((content) => ({ id: fresh('m'), content, channel_id }));
  const batch = equal.flatMap((frame) => [frame, frame]);
  sender.send(batch);
  const answers = await Promise.all(equal.map((frame) => answersTo(sender, frame, 4)));
  once();
  const places = answers.flat().map(({ sequence }) => Number(sequence));
  expect([...new Set(places)].sort()).toEqual(count(6).map((n) => n + 1));
  const next = { id: fresh('next'), channel_id, content: 0 };
  expect(await sender.request(next)).toMatchObject({ sequence: 7 });
  const sent = batch.filter((_, n) => isSent(answers.flat().filter(({ sequence }) => sequence === n + 1)));
  const ids = [...sent, next].map(({ id }) => id);
  const served = await Promise.all([...sent.map(({ id }) => wasServed(bus, id, 2)), wasServed(bus, next.id)]);
  const areServed = served.every(Boolean);
  if (areServed) await expectOnce(receiver, ids);
  await bus.hangUp();
  return areServed;
}

/** With each delay, in as many attempts as a busy machine needs. */
async function expectWithEachDelay(attemptOnce: (delayMs: number) => Promise<boolean>): Promise<void> {
  for (const delayMs of delays) {
    let isDone = false;
    for (let attempt = 0; !isDone && attempt < maxAttempts; attempt++) isDone = await attemptOnce(delayMs);
    expect(isDone).toBe(true);
  }
}

needs('faults')(
  'ACK-6 a message whose event is delivered twice is in the log once, is delivered once, and both ACKs name its place',
  () => expectWithEachDelay(goesOnce),
);

needs('faults')('ACK-6 so is each message of a batch, also where frames of it are equal', () =>
  expectWithEachDelay(goesOnceAsBatch),
);

needs('faults')('ACK-6 without retry ids are not compared, however late the event', async () => {
  const sender = await bus.connect({ tenant, agent: 'a' }, { channel: 'news', echo: false });
  bus.inside.gateway.faultPlan!.replace({
    rules: [{ service: 'event', operation: 'message', fault: 'delay', delayMs: 300 }],
  });
  for (const sequence of [1, 2, 3])
    expect(await sender.request({ id: 'm', content: 1 })).toMatchObject({ status: 'accepted', sequence });
  once();
});

needs('faults')(
  'ACK-6 an attempt that comes after its own retry is its duplicate, whatever else came between',
  async () => {
    const sender = await bus.connect({ tenant, agent: 'a' }, { channel: 'news', echo: false });
    const other = await bus.connect({ tenant, agent: 'b' }, { channel: 'news', echo: false });
    bus.inside.gateway.faultPlan!.replace({
      rules: [{ service: 'event', operation: 'message', fault: 'delay', delayMs: 700, nth: 1 }],
    });
    sender.send({ id: 'm', content: 1 });
    await new Promise((resolve) => setTimeout(resolve, 100));
    sender.send({ id: 'm', content: 'in other words', retry: true });
    const first = await sender.reply('m');
    await other.request({ id: 'm', content: 1 });
    await other.request({ id: 'n', content: 1 });
    const late = await sender.reply('m');
    once();
    expect(first).toMatchObject({ status: 'accepted', sequence: 1 });
    expect(late).toEqual({ ...first, status: 'duplicate' });
    expect(await sender.request({ content: 1 })).toMatchObject({ sequence: 4 });
  },
);

test('MSG-10 timestamps never decrease along a log, however many messages are under way at once', async () => {
  const clients = await Promise.all(
    ['a', 'b'].map((agent) => bus.connect({ tenant, agent }, { channel: 'news', echo: false })),
  );
  const sent = count(60).map((n) => ({ client: clients[n % 2]!, frame: { id: `m${n}`, content: n } }));
  for (const { client, frame } of sent) client.send(frame);
  const answers = await Promise.all(sent.map(({ client, frame }) => answersTo(client, frame, 1)));
  const inOrder = answers.flat().sort((one, other) => Number(one.sequence) - Number(other.sequence));
  expect(inOrder.map(({ sequence }) => sequence)).toEqual(count(60).map((n) => n + 1));
  const times = inOrder.map(({ timestamp }) => String(timestamp));
  expect(times).toEqual([...times].sort());
});

needs('faults')('MSG-10 also when events come late, and the function’s clock is wrong', async () => {
  const client = await bus.connect({ tenant, agent: 'a' }, { channel: 'news', echo: false });
  for (const skewMs of [-300_000, 300_000]) {
    bus.inside.gateway.faultPlan!.replace({
      rules: [{ service: 'event', operation: 'message', fault: 'delay', delayMs: 250, probability: 0.5 }],
      clocks: [{ function: 'DefaultFunction', skewMs }],
    });
    const from = bus.now();
    const frames = count(10).map((n) => ({ id: `m${skewMs}-${n}`, content: n }));
    for (const frame of frames) client.send(frame);
    const answers = await Promise.all(frames.map((frame) => answersTo(client, frame, 1)));
    const to = bus.now();
    once();
    const inOrder = answers.flat().sort((one, other) => Number(one.sequence) - Number(other.sequence));
    const times = inOrder.map(({ timestamp }) => Date.parse(String(timestamp)));
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times[0]).toBeGreaterThanOrEqual(from);
    expect(times.at(-1)).toBeLessThanOrEqual(to);
  }
});
