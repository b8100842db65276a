/**
 * Runs all contenders through all scenarios, interleaved: each repetition runs every contender once. Each run has its
 * own gateway and tables, so that runs do not influence each other.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { billFor, type Counts, countsBetween, messageUnits, priceList } from '../../gateway/index';
import { Child } from '../child';
import { type Figure, figureOf } from '../stats';
import type { ClientFigures, OpenTask, PublishTask } from './clients';
import { type DeliveryStats, deliveryStatsOf, total } from './delivery-stats';
import type { Contender, ContenderFactory, ContenderName } from './contender';

export interface Scenario {
  readonly subscribers: number;
  readonly bytes: number;
  readonly intervalMs: number;
}

export interface ContenderOptions {
  readonly contenders: readonly ContenderName[];
  readonly scenarios: readonly Scenario[];
  readonly repetitions: number;
  readonly durationMs: number;
}

export interface ContenderResult extends Scenario, DeliveryStats {
  readonly contender: ContenderName;
  readonly publishes: number;
  readonly deliveries: number;
  readonly ackP50Ms: Figure | undefined;
  readonly ackP99Ms: Figure | undefined;
  /** Calls to AWS per publish, by operation. */
  readonly callsPerPublish: Readonly<Record<string, number>>;
  readonly readUnitsPerPublish: number;
  readonly writeUnitsPerPublish: number;
  readonly dollarsPerMillion: number;
  /** The floor includes messages in, messages out and one ACK, even if the contender sends none. */
  readonly ratioToFloor: number;
}

/** Publishes that start the functions and warm up their code. */
const warmUps = 3;

interface Repetition {
  readonly figures: ClientFigures;
  readonly counts: Counts;
}

export async function runContenders(
  factory: ContenderFactory,
  options: ContenderOptions,
  report: (text: string) => void,
): Promise<ContenderResult[]> {
  const results: ContenderResult[] = [];
  for (const scenario of options.scenarios) {
    const done = new Map<ContenderName, Repetition[]>(options.contenders.map((name) => [name, []]));
    for (let repetition = 1; repetition <= options.repetitions; repetition++) {
      for (const name of options.contenders) {
        report(`${name}: ${scenario.subscribers} subscribers, ${scenario.bytes} B, run ${repetition}`);
        const contender = await factory.start(name);
        try {
          done.get(name)?.push(await repeat(contender, scenario, options.durationMs));
        } finally {
          await contender.stop();
        }
      }
    }
    for (const [name, repetitions] of done) results.push(summary(name, scenario, repetitions));
  }
  return results;
}

async function repeat(
  contender: Contender,
  { subscribers, bytes, intervalMs }: Scenario,
  durationMs: number,
): Promise<Repetition> {
  const channel = 'all';
  const urls = await Promise.all(
    Array.from({ length: subscribers }, (_, agent) => contender.url(agent, { channel })),
  );
  const { acknowledges, dialect } = contender;
  const task = { bytes, intervalMs, durationMs, acknowledges };
  const clients = Child.start('contenders/clients.ts');
  try {
    await clients.ask({ dialect, urls } satisfies OpenTask);
    // Counted from here, so that the costs of connecting are excluded.
    await quiet(contender);
    const warming: PublishTask = { ...task, prefix: 'warm', maxPublishes: warmUps };
    await clients.ask<ClientFigures>(warming);
    await quiet(contender);
    const before = contender.counts();
    const measuring: PublishTask = { ...task, prefix: 'm', maxPublishes: Number.MAX_SAFE_INTEGER };
    const figures = await clients.ask<ClientFigures>(measuring);
    await quiet(contender);
    return { figures, counts: countsBetween(before, contender.counts()) };
  } finally {
    await clients.stop();
  }
}

const quietMs = 200;

/** Waits until no function makes calls. */
export async function quiet(contender: Contender): Promise<void> {
  for (let isQuiet = false; !isQuiet;) {
    const before = JSON.stringify(contender.counts().calls);
    await sleep(quietMs);
    isQuiet = JSON.stringify(contender.counts().calls) === before;
  }
}

/** The minimum dollars per million publishes of a design without batches. */
export function floorPerMillion(subscribers: number, bytes: number): number {
  return (messageUnits(bytes) * (1 + subscribers) + 1) * priceList.message.dollars * 1e6;
}

function summary(
  contender: ContenderName,
  scenario: Scenario,
  repetitions: readonly Repetition[],
): ContenderResult {
  const all = repetitions.map(({ figures }) => figures);
  const acknowledged = (pick: (figures: ClientFigures) => number | undefined): Figure | undefined => {
    const values = all.map(pick).filter((value) => value !== undefined);
    return values.length === 0 ? undefined : figureOf(values);
  };
  const publishes = total(all, (each) => each.publishes);
  const { subscribers, bytes } = scenario;
  const counts = repetitions.map((each) => each.counts);
  const sum = (pick: (counts: Counts) => number): number => counts.reduce((so, each) => so + pick(each), 0);
  const operations = [...new Set(counts.flatMap(({ calls }) => Object.keys(calls)))].sort();
  const dollars = sum((each) => billFor({ ...each, connectionMinutes: 0 }).dollars);
  const dollarsPerMillion = (dollars / publishes) * 1e6;
  return {
    ...scenario,
    contender,
    publishes,
    deliveries: total(all, (each) => each.deliveries),
    ...deliveryStatsOf(all),
    ackP50Ms: acknowledged((each) => each.ackP50Ms),
    ackP99Ms: acknowledged((each) => each.ackP99Ms),
    callsPerPublish: Object.fromEntries(
      operations.map((operation) => [operation, sum(({ calls }) => calls[operation] ?? 0) / publishes]),
    ),
    readUnitsPerPublish: sum((each) => each.readUnits) / publishes,
    writeUnitsPerPublish: sum((each) => each.writeUnits) / publishes,
    dollarsPerMillion,
    ratioToFloor: dollarsPerMillion / floorPerMillion(subscribers, bytes),
  };
}
