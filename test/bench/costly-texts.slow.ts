/**
 * The most expensive text messages that a search finds (`TEXTS=10000`), in work units without deliveries to others. No text message
 * costs more than 500 (RAT-7): a change of the code that reads without asking the budget fails here.
 */
import { CostlyTexts, type CostlyText } from './costly-texts';
import { CostlyGateway } from './costly-gateway';
import type { Prepared } from './costly-world';

const texts = Number(process.env.TEXTS ?? 10_000);
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const unitsAtMost = 500;
const dollarsAtMost = 0.0005;
const megabytesAtMost = 64;
/** Of each world, those that run over the gateway. */
const measured = 25;

const small: Prepared = {
  channels: 110,
  messageLength: 200,
  deepLogs: 8,
  deepRows: 30,
  deepRowLength: 100_000,
  agents: 300,
};
const large: Prepared = { ...small, messageLength: 120_000 };
/** By the tenant that they are over the gateway. */
const worlds = { small, large };
const found: [keyof typeof worlds, CostlyText][] = [];

/** What its frames are, such as `24 × ping`. */
function summary({ frames, units }: CostlyText): string {
  const kinds = new Map<string, number>();
  for (const frame of frames) {
    const type = (frame.type as string | undefined) ?? (frame.retry === true ? 'retry' : 'message');
    kinds.set(type, (kinds.get(type) ?? 0) + 1);
  }
  return `${units.toFixed(0)} units: ${[...kinds].map(([kind, count]) => `${String(count)} × ${kind}`).join(', ')}`;
}

test.each([
  ['where the newest messages are small', 'small'],
  ['where the newest message of every channel has 120 KB', 'large'],
] as const)(
  '%s, no text message costs more than 500 units',
  async (_title, world) => {
    const best = await new CostlyTexts(worlds[world], seed).search(texts / 2, 50);
    found.push(...best.slice(0, measured).map((text) => [world, text] as [typeof world, CostlyText]));
    console.log(`seed ${String(seed)}\n${best.slice(0, 5).map(summary).join('\n')}`);
    expect(best[0]!.units).toBeGreaterThan(unitsAtMost / 2);
    expect(best[0]!.units).toBeLessThanOrEqual(unitsAtMost);
  },
  1_800_000,
);

test('over the gateway, none of the most expensive costs more than $0.0005 or holds more than 64 MB', async () => {
  const gateway = await CostlyGateway.start(worlds);
  const over: string[] = [];
  let [dollars, megabytes, dearest] = [0, 0, ''];
  try {
    for (const [world, text] of found) {
      const result = await gateway.measure(world, text.frames);
      if (result.dollars > dollars) dearest = summary(text);
      dollars = Math.max(dollars, result.dollars);
      megabytes = Math.max(megabytes, result.megabytes);
      const isOver = result.dollars > dollarsAtMost || result.megabytes > megabytesAtMost;
      if (isOver) over.push(`${JSON.stringify(result)} in ${world}: ${summary(text)}`);
    }
  } finally {
    await gateway.stop();
  }
  console.log(`at most $${dollars.toFixed(6)} (${dearest}), ${megabytes.toFixed(1)} MB`);
  expect(found).toHaveLength(2 * measured);
  expect(over).toEqual([]);
}, 600_000);
