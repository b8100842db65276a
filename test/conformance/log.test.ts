/**
 * Conformance: what the positions of a log promise (docs/protocol.md, Level 1).
 * A quiet channel is in history.test.ts.
 */
import { fresh } from '../helpers/bus';
import { needs } from '../helpers/target';
import type { Frame, TestClient } from '../helpers/ws-client';
import { useBus } from '../helpers/use-bus';
import { warmUp } from '../helpers/warm-up';

const bus = useBus();
beforeAll(() => warmUp(bus));
let tenant: string;

beforeEach(() => {
  tenant = fresh('tenant');
});

const count = (n: number): number[] => Array.from({ length: n }, (_, index) => index);

/** On a busy machine an answer may be `unavailable`; then the same message again, as a retry, until it has its place. */
async function placeOf(client: TestClient, frame: Frame, first: Promise<Frame>): Promise<Frame> {
  let answer = await first;
  while (answer.code === 'unavailable') answer = await client.request({ ...frame, retry: true });
  return answer;
}

test.each([
  ['channel', { channel_id: 'news' }],
  ['inbox', { to: 'somebody' }],
])('LOG-1 publishers side by side leave no hole in one epoch: %s', async (_, where) => {
  const publishers = await Promise.all(count(3).map((n) => bus.connect({ tenant, agent: `a${n}` })));

  const places = await Promise.all(
    publishers.map(async (client, n) => {
      const own: Frame[] = [];
      for (const round of count(3)) {
        const batch = count(3).map((index) => ({
          id: `m${n}-${round}-${index}`,
          content: index,
          ...where,
        }));
        client.send(batch);
        for (const frame of batch) own.push(await placeOf(client, frame, client.reply(frame.id)));
      }
      return own;
    }),
  );

  const sequences = places.map((own) => own.map(({ sequence }) => Number(sequence)));
  expect(sequences.flat().sort((a, b) => a - b)).toEqual(count(27).map((n) => n + 1));
  expect(new Set(places.flat().map(({ epoch }) => epoch)).size).toBe(1);
});

needs('clock')('LOG-1 the epoch changes when nothing was left to continue from, and not before', async () => {
  const day = 86_400_000;
  const publish = async () => {
    const client = await bus.connect({ tenant, agent: 'a' }, { channel: 'news' });
    const ack = await client.request({ content: 1 });
    await client.close();
    return ack;
  };
  const first = await publish();

  await bus.inside.gateway.clock.advance(day - 60_000);
  const second = await publish();
  expect(second).toMatchObject({ epoch: first.epoch, sequence: 2 });

  await bus.inside.gateway.clock.advance(day + 60_000);
  const third = await publish();
  expect(third.epoch).not.toBe(first.epoch);
  expect(await publish()).toMatchObject({ epoch: third.epoch, sequence: Number(third.sequence) + 1 });
  // Two days have over five hundred runs of the sweep.
});
