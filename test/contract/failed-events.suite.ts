/** What every FailedEvents promises, as cases over a factory. */
import type { FailedEvents } from '../../lambda/shared/stores/failed-events';

export interface FailedEventsSubject {
  readonly queue: FailedEvents;
  /** Puts events into the queue. */
  add(...bodies: readonly string[]): void;
  /** Lets time pass. */
  advance(ms: number): void;
}

export function failedEventsSuite(create: () => FailedEventsSubject): void {
  let given: FailedEventsSubject;
  beforeEach(() => {
    given = create();
  });

  const bodies = (count: number) => Array.from({ length: count }, (_, index) => `body ${String(index)}`);
  const textsOf = (events: readonly { readonly body: string }[]) => events.map(({ body }) => body).sort();

  test('gives up to ten at a time, each one once while it is held, and none when all are', async () => {
    given.add(...bodies(12));
    const first = await given.queue.receive(60);
    const second = await given.queue.receive(60);
    expect([first.length, second.length]).toEqual([10, 2]);
    expect(textsOf([...first, ...second])).toEqual(bodies(12).sort());
    expect(await given.queue.receive(60)).toEqual([]);
    expect(await given.queue.held()).toBe(12);
  });

  test('what was removed does not come again, and is removed a second time without harm', async () => {
    given.add(...bodies(3));
    const [one, ...others] = await given.queue.receive(60);
    expect(await given.queue.remove([one!])).toEqual([one!.id]);
    expect(await given.queue.remove([one!])).toEqual([one!.id]);
    expect(await given.queue.held()).toBe(2);
    await given.queue.giveBack(others);
    expect(textsOf(await given.queue.receive(60))).toEqual(textsOf(others));
  });

  test('what was given back comes at once, with the same id and a newer receipt; an earlier one does nothing', async () => {
    given.add('body');
    const [first] = await given.queue.receive(60);
    await given.queue.giveBack([first!]);
    expect(await given.queue.held()).toBe(0);
    const [second] = await given.queue.receive(60);
    expect(second).toMatchObject({ id: first!.id, body: 'body' });
    expect(second!.receipt).not.toBe(first!.receipt);
    await given.queue.giveBack([first!]);
    expect(await given.queue.receive(60)).toEqual([]);
  });

  test('what is held longer than that comes again', async () => {
    given.add('body');
    await given.queue.receive(60);
    given.advance(59_000);
    expect(await given.queue.receive(60)).toEqual([]);
    given.advance(2_000);
    expect(textsOf(await given.queue.receive(60))).toEqual(['body']);
  });
}
