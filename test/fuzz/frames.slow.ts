/**
 * Hostile text messages at the border, through the route and the core over stores in memory: each is answered as it must be,
 * nothing throws, nothing is slow, and nothing of it is in a log.
 */
import fc from 'fast-check';
import { codes } from '../../protocol/index';
import type * as Border from './border';
import { type HostileText, hostileText, largeTexts } from './hostile-frames';
import { loadOutsideSandbox } from './outside-sandbox';
import { runs, slowness, timed } from './runs';

const frames = 100_000;
/** CPU time that one text message may take. */
const limitMs = 5;
/** A world forgets: memory stores get slower with each message. */
const messagesPerWorld = 200;

interface Answer {
  readonly type: unknown;
  readonly code?: unknown;
}

const { createBorder } = loadOutsideSandbox('border.ts') as typeof Border;

let border = createBorder();
let messages = 0;
let slowest = 0;

/** Answers in the order of the frames. Plain comparisons: matchers would take most of the time. */
async function answersTo(text: string): Promise<readonly Answer[]> {
  if ((messages += 1) % messagesPerWorld === 0) border = createBorder();
  const { world, send } = border;
  const before = world.sockets.posts.length;
  const { result, ms } = await timed(() => send(text), limitMs);
  slowest = Math.max(slowest, ms);
  if (ms > limitMs && ms > limitMs * slowness()) throw new Error(`took ${ms.toFixed(1)} ms CPU`);
  if (result.statusCode !== 200) throw new Error('not answered with 200');
  return world.sockets.posts.slice(before).map(({ frame }) => frame as unknown as Answer);
}

async function isAnsweredAsItMust({ text, answers }: HostileText): Promise<void> {
  const got = await answersTo(text);
  // A slow text was sent several times.
  if (got.length === 0 || got.length % answers.length !== 0) {
    throw new Error(`${String(got.length)} answers instead of ${String(answers.length)}`);
  }
  answers.forEach((wanted, index) => {
    const { type, code } = got[index]!;
    const isAsWanted =
      wanted === 'ACK'
        ? type === 'ACK'
        : type === 'ERROR' && typeof code === 'string' && wanted.includes(code) && Object.hasOwn(codes, code);
    if (!isAsWanted) throw new Error(`${JSON.stringify(got[index])} instead of ${wanted.toString()}`);
  });
}

beforeAll(async () => {
  // What is compiled on first use is not the input's fault.
  for (const { text } of largeTexts) await border.send(text);
});

afterAll(() => {
  console.log(`slowest text message: ${slowest.toFixed(1)} ms CPU`);
});

test(`${String(frames)} text messages of all shapes`, async () => {
  await fc.assert(fc.asyncProperty(hostileText, isAnsweredAsItMust), runs(frames));
  expect(Object.keys(Object.prototype)).toEqual([]);
}, 600_000);

test.each(largeTexts)('$name', async (large) => {
  await isAnsweredAsItMust(large);
});

// Ids and the names of channels are (docs/security.md).
test('no content is in a log', async () => {
  border = createBorder();
  const mark = 'MARK-7f3a';
  for (const text of [
    mark,
    `{"id":"m0","content":"${mark}"}`,
    `{"id":7,"type":"${mark}","content":"${mark}"}`,
    `{"id":"m1","channel_id":"elsewhere","content":"${mark}"}`,
    `{"id":"m1","content":{"${mark}":1},"metadata":{"${mark}":"${mark}"}}`,
  ]) {
    await border.send(text);
  }
  border.world.history.head = () => Promise.reject(new Error(mark));
  await border.send(`{"id":"m1","content":"${mark}"}`);
  expect(border.world.log.lines.length).toBeGreaterThan(5);
  expect(JSON.stringify(border.world.log.lines)).not.toContain(mark);
});
