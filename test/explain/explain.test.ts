/**
 * `explain` under faults: of every message that any run has written, no claim is stronger than the truth. The mutants show that a
 * wrong claim would be found.
 */
import { type Explanation, explanationOf, type Line, searchesFor } from '../../console/explain/explanation';
import type { Counts } from '../faults/memory/chaos';
import { sized } from '../helpers/long';
import { wrongClaims } from './claims';
import { liveFor, type WrittenMessage } from './life';
import { pushesOf } from './truth';

/** The long run has more than ten thousand messages, in 40 s of one core. */
const seeds = sized({ usual: 4, long: 36 });
const textsOfSeed = 200;
const minSeen = sized({ usual: 1, long: 20 });
const minMessages = sized({ usual: 1_000, long: 10_000 });

type Explain = typeof explanationOf;

const counts: Counts = new Map();

/** A message, and the lines that a search gives for it. */
interface Case {
  readonly seed: number;
  readonly message: WrittenMessage;
  readonly lines: readonly Line[];
  readonly pushes: ReadonlySet<string>;
}
const cases: Case[] = [];

beforeAll(async () => {
  for (let seed = 1; seed <= seeds; seed++) {
    const life = await liveFor(seed, textsOfSeed, counts);
    const pushes = pushesOf(life.runs);
    const lines = life.lines.map((text) => ({ text, line: JSON.parse(text) as Line }));
    for (const message of life.messages) {
      const searches = searchesFor(message);
      const found = lines.filter(({ text }) => searches.some((search) => text.includes(search)));
      cases.push({ seed, message, lines: found.map(({ line }) => line), pushes });
    }
  }
});

interface Told {
  readonly seed: number;
  readonly message: WrittenMessage;
  readonly explanation: Explanation;
  readonly wrong: readonly string[];
}

function* toldBy(explain: Explain): Generator<Told> {
  for (const { seed, message, lines, pushes } of cases) {
    const explanation = explain(message, lines);
    yield { seed, message, explanation, wrong: wrongClaims(message, explanation, pushes) };
  }
}

const storyOf = ({ seed, message, wrong }: Told) => {
  const { subject, epoch, sequence, id, writer } = message;
  return `seed ${seed}: ${subject} ${epoch}/${sequence} ${id}, written by ${writer.kind}: ${wrong.join('; ')}`;
};

test('no claim is stronger than the truth, and what can be known is', () => {
  const told = [...toldBy(explanationOf)];
  const wrong = told.filter((each) => each.wrong.length > 0);
  expect(wrong.slice(0, 10).map(storyOf)).toEqual([]);
  const seen = {
    known: 0,
    ofCrashed: 0,
    batch: 0,
    brokenOff: 0,
    stored: 0,
    pushed: 0,
    acknowledged: 0,
    ...{ delivered: 0, handed: 0, gone: 0, throttled: 0, failed: 0, lost: 0, late: 0 },
  };
  for (const { message, explanation } of told) {
    const { delivery, pushedTo } = explanation;
    if (message.writer.end !== 'returned') seen.ofCrashed += 1;
    if (pushedTo.length > 0) seen.pushed += 1;
    if (delivery === undefined) continue;
    seen.known += 1;
    if (delivery.batch > 1) seen.batch += 1;
    if (delivery.matched === undefined) seen.brokenOff += 1;
    if (delivery.isStored === true) seen.stored += 1;
    if (delivery.ackMs !== undefined) seen.acknowledged += 1;
    for (const name of Object.keys(delivery.counts)) if (name in seen) seen[name as keyof typeof seen] += 1;
  }
  expect(told.length).toBeGreaterThanOrEqual(minMessages);
  // "Unknown" of everything would be true as well.
  expect(seen.known).toBeGreaterThan(told.length * 0.6);
  expect(Object.entries(seen).filter(([, count]) => count < minSeen)).toEqual([]);
  expect(counts.size).toBeGreaterThan(30);
});

const withDelivery =
  (change: (delivery: NonNullable<Explanation['delivery']>, message: WrittenMessage) => object): Explain =>
  (message, lines) => {
    const { delivery, pushedTo } = explanationOf(message, lines);
    if (delivery === undefined) return { delivery, pushedTo };
    return { delivery: { ...delivery, ...change(delivery, message as WrittenMessage) }, pushedTo };
  };
const withLines =
  (change: (line: Line, message: Parameters<Explain>[0]) => Line): Explain =>
  (message, lines) =>
    explanationOf(
      message,
      lines.map((line) => change(line, message)),
    );

const mutants: readonly (readonly [string, Explain])[] = [
  [
    'counts what was late as posted',
    withDelivery(({ counts: { delivered = 0, late = 0, ...others } }) => ({
      counts: { ...others, delivered: delivered + late },
    })),
  ],
  [
    'takes what was handed to workers for posted',
    withDelivery(({ counts: { delivered = 0, handed = 0, ...others } }) => ({
      counts: { ...others, delivered: delivered + handed },
    })),
  ],
  [
    'takes no answer for a delivery',
    withDelivery(({ counts: { delivered = 0, lost = 0, ...others } }) => ({
      counts: { ...others, delivered: delivered + lost },
    })),
  ],
  ['gives the counts of a batch as those of one message', withDelivery(() => ({ batch: 1 }))],
  [
    'takes the last answer of a batch for the ACK',
    (message, lines) => {
      const { delivery, pushedTo } = explanationOf(message, lines);
      const line = lines.find(({ ids }) => Array.isArray(ids) && ids.includes(message.id));
      const ackMs = typeof line?.ack_ms === 'number' ? line.ack_ms : undefined;
      return { delivery: delivery && { ...delivery, ackMs }, pushedTo };
    },
  ],
  ['calls a fan-out that broke off whole', withLines((line) => ({ ...line, uncounted: undefined }))],
  [
    'looks at the range of a line, where others stand in between',
    withLines((line) => ({ ...line, sequences: undefined })),
  ],
  [
    'does not look at the epoch',
    withLines((line, { epoch }) => (line.epoch === undefined ? line : { ...line, epoch })),
  ],
  [
    'takes the line of a retry, which has the id',
    withLines((line, { sequence, id }) =>
      Array.isArray(line.ids) && line.ids.includes(id)
        ? { ...line, first_sequence: sequence, last_sequence: sequence, sequences: undefined }
        : line,
    ),
  ],
  [
    'takes the end of a push for a push of everything',
    withLines((line) => (Array.isArray(line.pushed) ? { ...line, pushed: ['1-1000000'] } : line)),
  ],
  ['takes a message for stored that met a connection', withDelivery(() => ({ isStored: true }))],
];

test.each(mutants)('a mutant that %s is found', (_, explain) => {
  let found = 0;
  for (const { wrong } of toldBy(explain)) {
    if (wrong.length > 0) found += 1;
    if (found === 3) break;
  }
  expect(found).toBe(3);
});
