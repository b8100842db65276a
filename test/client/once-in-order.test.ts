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
