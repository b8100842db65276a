/**
 * The promise of the whole client, over random histories: whatever is dropped, doubled, overtaken, refused or cut, every
 * handler gets the channel's messages once and in order, and every acknowledged publish is in the log once.
 */
import fc from 'fast-check';
import { FakeBus } from '../helpers/fake-bus';
import { plans, runHistory } from '../helpers/random-history';

test('every handler gets the messages of the channel once and in order', async () => {
  await fc.assert(
    fc.asyncProperty(plans, (plan) => runHistory(plan)),
    { numRuns: Number(process.env.RUNS ?? 40) },
  );
});

test('a publisher’s own order is kept, whatever is cut', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(1_000_000), fc.array(fc.nat(3_000), { maxLength: 8 }), async (seed, cuts) => {
      const bus = new FakeBus(seed);
      const client = await bus.connected('a');
      for (const cut of cuts)
        bus.timers.after(cut, () => {
          bus.server.cut(bus.socketOf('a'));
        });
      const receipts: Promise<unknown>[] = [];
      for (let count = 0; count < 60; count++) {
        receipts.push(client.channel('c').publish(count));
        await bus.timers.advance(50);
      }
      await bus.during(Promise.all(receipts));
      expect(bus.server.log('c').rows.map(({ message }) => message.content)).toEqual([...Array(60).keys()]);
      await bus.during(client.close());
    }),
    { numRuns: 20 },
  );
});

test('a push that is lost as the last of a quiet channel is fetched after the next ping', async () => {
  await runHistory({
    seed: 0,
    lossPercent: 10,
    doublePercent: 0,
    answerLossPercent: 0,
    failPercent: 1,
    doubleRowPercent: 0,
    maxDelayMs: 1,
    cuts: [0],
    echo: true,
    rotates: false,
  });
});

test.each([
  ['a copy that was overtaken in a channel', 'c'],
  ['a copy that was overtaken in the inbox', '$inbox'],
  ['a copy that was lost', 'lost'],
])('a handler that leaves with its first message keeps the order of the others: %s', async (_, which) => {
  const bus = new FakeBus();
  const client = await bus.connected('a');
  const log = which === '$inbox' ? client.inbox : client.channel('c');
  const once = await bus.during(
    log.subscribe(() => {
      once.unsubscribe();
    }),
  );
  const heard: unknown[] = [];
  await bus.during(log.subscribe(({ content }) => heard.push(content)));
  const delays = which === 'lost' ? [] : [40];
  const losses = which === 'lost' ? [true] : [];
  bus.server.faults = {
    ...bus.server.faults,
    delay: () => delays.shift() ?? 1,
    losesPost: () => losses.shift() ?? false,
  };
  for (const content of [1, 2, 3])
    if (which === '$inbox') bus.server.accept({ id: `d${content}`, to: 'a', content }, 'bob');
    else bus.server.publish('c', content);
  await bus.timers.advance(5_000);
  expect(heard).toEqual([1, 2, 3]);
});
