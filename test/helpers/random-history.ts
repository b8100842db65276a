/**
 * Random histories of a few clients on a fake service, and what must hold after each: every handler has the messages of
 * the channel once and in order, and every acknowledged publish is in the log once.
 */
import fc from 'fast-check';
import type { Echo, Message, PubSub } from '../../clients/javascript/index';
import { FakeBus } from './fake-bus';

export interface Plan {
  readonly seed: number;
  readonly lossPercent: number;
  readonly doublePercent: number;
  readonly answerLossPercent: number;
  readonly failPercent: number;
  readonly doubleRowPercent: number;
  readonly maxDelayMs: number;
  readonly cuts: readonly number[];
  readonly echo: Echo;
  readonly rotates: boolean;
}

export const plans: fc.Arbitrary<Plan> = fc.record({
  seed: fc.nat(1_000_000),
  lossPercent: fc.nat(30),
  doublePercent: fc.nat(30),
  answerLossPercent: fc.nat(20),
  failPercent: fc.nat(20),
  doubleRowPercent: fc.nat(10),
  maxDelayMs: fc.integer({ min: 1, max: 1_000 }),
  cuts: fc.array(fc.nat(20_000), { maxLength: 12 }),
  echo: fc.constantFrom<Echo>(true, 'server', false),
  rotates: fc.boolean(),
});

const agents = ['a', 'b', 'c'];
const messagesPerAgent = 12;
const trialMs = 20_000;
/** Every hole is known after a ping, which the SDK sends after nine minutes, and fetched after the longest pause. */
const healingMs = 700_000;

/** Fails when the promise is broken. `Client`: the class to test, for that of the built package. */
export async function runHistory(plan: Plan, Client?: typeof PubSub): Promise<void> {
  const bus = new FakeBus(plan.seed, Client);
  const { timers, server } = bus;
  const chance = (percent: number) => () => timers.random() * 100 < percent;
  if (plan.rotates) server.tokenLifeMs = 10_000;
  const clients: PubSub[] = [];
  const received = new Map<string, Message[]>();
  for (const agent of agents) {
    const client = await bus.connected(agent, { echo: plan.echo });
    const list: Message[] = [];
    received.set(agent, list);
    await bus.during(client.channel('c').subscribe((message) => void list.push(message)));
    clients.push(client);
  }
  const calm = server.faults;
  server.faults = {
    delay: () => 1 + timers.random() * plan.maxDelayMs,
    losesPost: chance(plan.lossPercent),
    doublesPost: chance(plan.doublePercent),
    doublesRow: chance(plan.doubleRowPercent),
    losesAnswer: chance(plan.answerLossPercent),
    failsPublish: () => (chance(plan.failPercent)() ? (chance(50)() ? 'lost' : 'written') : undefined),
  };
  for (const cut of plan.cuts) {
    timers.after(cut, () => {
      server.cut([...server.sockets][Math.floor(timers.random() * server.sockets.size)]);
    });
  }
  const receipts: Promise<unknown>[] = [];
  for (const [index, client] of clients.entries()) {
    for (let count = 0; count < messagesPerAgent; count++) {
      timers.after(timers.random() * trialMs, () => {
        receipts.push(client.channel('c').publish(`${agents[index]}${count}`));
      });
    }
  }
  await timers.advance(trialMs);
  server.faults = calm;
  await timers.advance(healingMs);
  await Promise.all(receipts);

  const ids = new Set<unknown>();
  const isFirst = (id: unknown): boolean => ids.size < ids.add(id).size;
  const rows = server.log('c').rows.filter(({ message }) => isFirst(message.id));
  expect(rows).toHaveLength(agents.length * messagesPerAgent);
  for (const [agent, list] of received) {
    const wanted = rows.filter(({ message }) => plan.echo !== false || message.agent_id !== agent);
    expect(list.map(({ sequence }) => sequence)).toEqual(wanted.map(({ sequence }) => sequence));
  }
  await bus.during(Promise.all(clients.map((client) => client.close())));
}
