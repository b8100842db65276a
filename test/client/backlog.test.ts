/** Messages of the inbox that wait for a handler take a bounded amount of memory; the log has the others. */
import { Backlog } from '../../clients/javascript/reading/backlog';
import { CursorWriter } from '../../clients/javascript/reading/cursor-writer';
import type { LoggedMessage } from '../../clients/javascript/reading/feed';
import { readMessage } from '../../clients/javascript/shared/messages';
import { FakeTimers } from '../helpers/fake-timers';

const bound = 8_192_000;
const epoch = 'e';

function message(sequence: number, length: number): LoggedMessage {
  const frame = { id: `m${sequence}`, type: 'message', content: 'x'.repeat(length), epoch, sequence };
  return readMessage(frame) as LoggedMessage;
}

test.each([
  ['large messages', 100_000, 200],
  ['small messages, which count as 8 KB each', 10, 3_000],
])('%s are kept up to 8 MB, and all are given in order', async (_, length, count) => {
  const log = Array.from({ length: count }, (_, index) => message(index + 1, length));
  const unhandled = new CursorWriter(
    () => undefined,
    () => undefined,
  );
  const given: number[] = [];
  const reads: number[] = [];
  const readers = { haveRoom: true, give: give() };
  const backlog = new Backlog(
    unhandled,
    {
      client: { timers: new FakeTimers() },
      history: ({ sequence: after }, limit) => {
        reads.push(after + 1);
        const messages = log.slice(after, after + limit);
        return Promise.resolve({ head: { epoch, sequence: count }, messages, gaps: [], next: undefined });
      },
      lost: () => undefined,
    },
    readers,
  );
  function give() {
    return (slot: { waits?: boolean }, { sequence }: LoggedMessage): void => {
      given.push(sequence);
      slot.waits = false;
      unhandled.clean(unhandled.slots[0]!);
    };
  }

  for (const each of log) backlog.keep(each, 0);
  const kept = unhandled.slots.flatMap(({ message }) => message ?? []);
  const size = Math.max(8_192, JSON.stringify(log[0]).length);
  expect(kept.length * size).toBeLessThanOrEqual(bound);
  expect((kept.length + 1) * size).toBeGreaterThan(bound - 1_000);
  // The others are one range.
  expect(unhandled.slots).toHaveLength(kept.length + 1);

  await backlog.drain();
  expect(given).toEqual(log.map(({ sequence }) => sequence));
  expect(reads[0]).toBe(kept.length + 1);
});
