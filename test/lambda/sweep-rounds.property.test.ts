/**
 * How long a connection that has ended stays: the sweep over simulated hours, with runs that fail and connections that come and
 * go. Scaled down: a run that has time for few connections goes round few of them as a long one goes round many.
 */
import fc from 'fast-check';
import type { Connection } from '../../lambda/shared/stores/connection-store';
import { Deadline } from '../../lambda/shared/deadline';
import { onePage } from '../../lambda/shared/each-concurrently';
import { sweep } from '../../lambda/sweep/sweep';
import type { StoredCursor, SweepCursor, SweepStore } from '../../lambda/shared/stores/sweep-store';
import { sized } from '../helpers/long';
import { createWorld } from './world';

const minute = 60_000;
const everyMs = 5 * minute;
const lifetimeMs = 2 * 60 * minute;
/** Calls to the platform in a second, and what a run keeps in reserve. */
const perSecond = 250;
const reserveMs = 8_000;
const dayMs = 24 * 60 * minute;

/** A table of connections without channels, and the platform that knows which of them are open. */
class Fleet {
  readonly world = createWorld();
  readonly rows = new Map<string, Connection>();
  readonly endedAt = new Map<string, number>();
  /** For how long each one stayed after its end. */
  readonly stays: number[] = [];
  cursorWrites = 0;
  rowWrites = 0;
  private cursor: StoredCursor = {};
  private opened = 0;

  constructor(private readonly readingMs: number) {
    const { sockets, connections } = this.world;
    sockets.status = (id) => Promise.resolve(this.endedAt.has(id) ? 'gone' : 'open');
    connections.getConnections = (ids) => Promise.resolve(ids.flatMap((id) => this.rows.get(id) ?? []));
    connections.putConnection = () => {
      this.rowWrites += 1;
      return Promise.resolve();
    };
    connections.removeConnection = (id) => {
      const endedAt = this.endedAt.get(id);
      if (endedAt !== undefined) this.stays.push(this.now - endedAt);
      this.rows.delete(id);
      this.endedAt.delete(id);
      return Promise.resolve();
    };
  }

  get now(): number {
    return this.world.clock.time;
  }

  open(): void {
    const connectionId = `c${this.opened++}`;
    this.rows.set(connectionId, {
      ...{ connectionId, tenantId: 't', agentId: connectionId, channels: [], level: 1, echo: true },
      ...{ connectedAt: this.now, expiresAt: this.now + dayMs },
    });
  }

  /** Without a word to anybody. */
  end(connectionId: string): void {
    this.endedAt.set(connectionId, this.now);
  }

  /** The one run of five minutes. */
  async run(ms: number): Promise<void> {
    const startedAt = this.now;
    await sweep({ ...this.world.deps, sweep: this.store }, new Deadline(this.world.clock, startedAt + ms));
    this.world.clock.time = startedAt + everyMs;
  }

  private readonly store: SweepStore = {
    pages: () => this.pages(),
    agents: () => this.agents(),
    sleepers: () => onePage([]),
    restoreSubscription: () => Promise.reject(new Error('There are none')),
    cursor: () => Promise.resolve(this.cursor),
    moveCursor: (to: SweepCursor) => {
      this.cursorWrites += 1;
      this.cursor = to;
      return Promise.resolve();
    },
  };

  private async *pages() {
    this.world.clock.time += this.readingMs;
    yield await Promise.resolve({
      connections: [...this.rows.values()],
      subscriptions: [],
      revocations: [],
      tenantCounts: [],
      next: undefined,
    });
  }

  private async *agents() {
    yield await Promise.resolve(
      [...this.rows.values()].map(({ tenantId, agentId, connectionId }) => ({
        ...{ tenantId, agentId, connectionIds: [connectionId], isKnown: true },
      })),
    );
  }
}

/** Some end in every five minutes, and as many are opened. */
async function simulate(
  fleet: Fleet,
  connections: number,
  runMs: number,
  rounds: number,
  fails: (round: number) => boolean,
): Promise<void> {
  for (let n = 0; n < connections; n++) fleet.open();
  fleet.world.clock.time += minute;
  for (let round = 0; round < rounds; round++) {
    const open = [...fleet.rows.keys()].filter((id) => !fleet.endedAt.has(id));
    const every = Math.max(1, Math.floor(open.length / Math.max(1, connections / 100)));
    for (let index = round % every; index < open.length; index += every) {
      fleet.end(open[index]!);
      fleet.open();
    }
    if (fails(round)) fleet.world.clock.time += everyMs;
    else await fleet.run(runMs);
  }
}

/** The second one takes half a minute; `.ci/run` asks for it. */
const sizes = (
  [
    [16_000, 10],
    [100_000, 30],
  ] as const
).slice(0, sized({ usual: 1, long: 2 }));

test.each(sizes)(
  '%i connections: one that has ended stays for %i minutes and a run at most, though a run fails',
  async (connections, minutes) => {
    const runMs = 115_000;
    // 54 pages of 1 MB at 100,000 connections.
    const fleet = new Fleet(connections / 20);
    await simulate(fleet, connections, runMs, 12, (round) => round % 7 === 3);
    expect(fleet.stays.length).toBeGreaterThan(connections / 100);
    expect(Math.max(...fleet.stays)).toBeLessThanOrEqual(minutes * minute + runMs);
    expect(fleet.rowWrites).toBe(0);
    expect(fleet.cursorWrites).toBeLessThanOrEqual(connections > 16_000 ? 12 : 0);
  },
);

test('nobody waits longer than all of them take, however many runs fail and while connections come and go', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 600 }),
      fc.integer({ min: 40, max: 200 }),
      fc.array(fc.boolean(), { minLength: 30, maxLength: 60 }),
      async (connections, perRun, failing) => {
        const fleet = new Fleet(0);
        const runMs = reserveMs + (perRun * 1_000) / perSecond;
        // Within their two hours, after which they are removed without being asked about.
        const rounds = Math.min(failing.length, lifetimeMs / everyMs - 1);
        await simulate(fleet, connections, runMs, rounds, (round) => failing[round]!);
        const allRuns = Math.ceil((connections * 1.5) / perRun) + 1;
        const maxRounds = roundsFor(failing.slice(0, rounds), allRuns);
        for (const stay of fleet.stays) expect(stay).toBeLessThanOrEqual((maxRounds + 1) * everyMs);
        // Those that are still there are not yet due.
        for (const endedAt of fleet.endedAt.values())
          expect(fleet.now - endedAt).toBeLessThanOrEqual((maxRounds + 1) * everyMs);
      },
    ),
    { numRuns: sized({ usual: 10, long: 100 }) },
  );
});

/** The most rounds in a row that hold `successes` runs that did not fail. */
function roundsFor(failing: readonly boolean[], successes: number): number {
  let most = 0;
  for (let from = 0; from < failing.length; from++) {
    let left = successes;
    let to = from;
    while (to < failing.length && left > 0) if (!failing[to++]) left -= 1;
    most = Math.max(most, to - from);
  }
  return most;
}
