/** What follows the answers of a text message: full arrays at level 1, and nothing held back for long. */
import type { RetryingSender } from '../../lambda/delivery/retrying-sender';
import { Outbox } from '../../lambda/frames/outbox';
import { WorkBudget } from '../../lambda/shared/work-budget';

function createOutbox(level: 0 | 1) {
  const clock = { time: 0, monotonic: () => clock.time };
  const posts: string[] = [];
  const connection = { isOpen: true };
  const post = (_: string, text: string) => {
    posts.push(text);
    return Promise.resolve(connection.isOpen ? 'delivered' : 'gone');
  };
  const sender = { post } as unknown as RetryingSender;
  const outbox = new Outbox(sender, { connectionId: 'c', level }, clock, new WorkBudget({ storeUnits: 0 }));
  return { outbox, posts, clock, connection };
}

test('at level 1 short texts wait for others, but no longer than a quarter of a second', async () => {
  const { outbox, posts, clock } = createOutbox(1);
  outbox.add('{"n":1}');
  clock.time += 249;
  outbox.add('{"n":2}');
  await outbox.postFull();
  expect(posts).toEqual([]);
  clock.time += 1;
  await outbox.postFull();
  expect(posts).toEqual(['[{"n":1},{"n":2}]']);
});

test('full arrays go at once, and the last one may still grow', async () => {
  const { outbox, posts } = createOutbox(1);
  const texts = ['a', 'b', 'c'].map((letter) => JSON.stringify({ text: letter.repeat(15_000) }));
  for (const text of texts) outbox.add(text);
  await outbox.postFull();
  expect(posts).toEqual([`[${texts.slice(0, 2).join()}]`]);
  await outbox.postAll();
  expect(posts).toEqual([`[${texts.slice(0, 2).join()}]`, texts[2]]);
});

test('at level 0 each text is a frame, and none waits', async () => {
  const { outbox, posts } = createOutbox(0);
  outbox.add('{"n":1}');
  outbox.add('{"n":2}');
  await outbox.postFull();
  expect(posts).toEqual(['{"n":1}', '{"n":2}']);
});

test('nothing more goes to a connection that does not take a text', async () => {
  const { outbox, posts, connection } = createOutbox(0);
  connection.isOpen = false;
  outbox.add('{"n":1}');
  outbox.add('{"n":2}');
  expect(await outbox.postFull()).toBe(false);
  expect(posts).toHaveLength(1);
  expect(outbox.isLost).toBe(true);
});
