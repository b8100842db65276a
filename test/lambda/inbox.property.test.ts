/**
 * Random interleavings of senders, connects, disconnects, failing posts and pushes, step by step at every call of a store
 * or a socket: whatever was acknowledged reaches the agent at the latest with its next connection that stays open.
 */
import fc from 'fast-check';
import { connect } from '../../lambda/agents/connect';
import { Deadline } from '../../lambda/shared/deadline';
import { deliverTexts } from '../../lambda/inbox/deliver-texts';
import type { DeliveryOutcome } from '../../lambda/shared/delivery-outcome';
import { decodeInboxJob } from '../../lambda/shared/inbox-job';
import { handleTextMessage } from '../../lambda/frames/handle-text-message';
import { pushInbox } from '../../lambda/inbox/push-inbox';
import { removeConnection } from '../../lambda/agents/remove-connection';
import { RetryingSender } from '../../lambda/delivery/retrying-sender';
import { parseText } from '../../protocol/index';
import { createWorld, FakeClock } from './world';

const connectionIds = ['bob1', 'bob2', 'bob3'] as const;

const step = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ kind: 'send' } as const) },
  { weight: 2, arbitrary: fc.constant({ kind: 'connect' } as const) },
  { weight: 2, arbitrary: fc.constant({ kind: 'disconnect' } as const) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('fault' as const),
      outcome: fc.constantFrom<DeliveryOutcome>('gone', 'lost', 'refused', 'throttled'),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'vanish' } as const) },
);

/** Every call of a store or a socket waits for the scheduler, which decides whose call is next. */
function interleave(world: ReturnType<typeof createWorld>, scheduler: fc.Scheduler): void {
  const rooms: [object, readonly string[]][] = [
    [world.agents, ['getAgent', 'recordMissed', 'settleMark', 'addConnection', 'removeConnection']],
    [world.connections, ['getConnections', 'putConnection', 'removeConnection']],
    [world.history, ['head', 'tryPut']],
    [world.sockets, ['post']],
  ];
  for (const [room, methods] of rooms) {
    const target = room as Record<string, (...args: unknown[]) => Promise<unknown>>;
    for (const method of methods) {
      const original = target[method]!.bind(room);
      target[method] = async (...args) => {
        await scheduler.schedule(Promise.resolve(), method);
        return original(...args);
      };
    }
  }
}

test('nothing acknowledged is lost, and nothing is pushed to who has missed nothing', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(step, { minLength: 2, maxLength: 12 }),
      async (scheduler, steps) => {
        const world = createWorld();
        const { clock, sockets, invoker } = world;
        // The last one has to be let in when all others have stayed.
        const deps = { ...world.deps, connectionLimit: connectionIds.length + 1 };
        const alice = await world.open('alice', { agentId: 'alice' });
        const bob = { agentId: 'bob', channelId: undefined };
        interleave(world, scheduler);

        // On a clock of its own: waiting for a dead connection must not use up the senders' time.
        const push = async (payload: Record<string, unknown>): Promise<void> => {
          const own = new FakeClock();
          own.time = clock.time;
          const order = decodeInboxJob(payload);
          const deadline = new Deadline(own, own.time + 50_000);
          const sender = new RetryingSender(sockets, own, deadline);
          const deliver = deliverTexts(sender, sockets, own, order);
          await pushInbox({ ...deps, clock: own }, order, order.inboxMark, deliver, deadline);
        };
        const running: Promise<unknown>[] = [];
        const start = invoker.start.bind(invoker);
        invoker.start = async (name, payload) => {
          await start(name, payload);
          running.push(push(payload as Record<string, unknown>));
        };

        /** More may be started while the rest ends. */
        const drain = async (): Promise<void> => {
          for (let next = running.shift(); next !== undefined; next = running.shift()) {
            await scheduler.waitFor(next);
          }
        };

        let sent = 0;
        let opened = 0;
        const open: string[] = [];
        for (const { kind, ...more } of steps) {
          if (kind === 'send') {
            const frame = { id: `m${String((sent += 1))}`, to: 'bob', content: sent };
            const frames = parseText(JSON.stringify(frame));
            running.push(
              handleTextMessage(deps, alice, frames, new Deadline(clock, clock.time + 4_000), {
                requestId: frame.id,
                sentAt: clock.time,
              }),
            );
          } else if (kind === 'connect' && opened < connectionIds.length) {
            const connectionId = connectionIds[opened++]!;
            open.push(connectionId);
            running.push(
              connect(deps, world.caller(connectionId, { ...bob, connectedAt: clock.time - 60_000 })),
            );
          } else if (kind === 'disconnect' || kind === 'vanish') {
            const connectionId = open.shift();
            if (connectionId === undefined) continue;
            sockets.closed.add(connectionId);
            if (kind === 'vanish') continue;
            const identity = { connectionId, tenantId: 't', agentId: 'bob', channels: [] };
            running.push(removeConnection(deps, identity));
          } else if ('outcome' in more) {
            const connectionId = open.at(-1);
            if (connectionId === undefined) continue;
            sockets.scripted.set(connectionId, [...(sockets.scripted.get(connectionId) ?? []), more.outcome]);
          }
        }
        await drain();

        const acks = sockets.of('alice').filter((frame) => frame.type === 'ACK');
        const got = () =>
          new Set(sockets.posts.filter((post) => post.connectionId !== 'alice').map((post) => post.frame.id));
        const missedSome = acks.some((ack) => !got().has(ack.message_id));
        const before = invoker.started.length;
        expect(await scheduler.waitFor(connect(deps, world.caller('last', bob)))).toBe('connected');
        await drain();

        expect(acks.filter((ack) => !got().has(ack.message_id))).toEqual([]);
        if (missedSome) expect(invoker.started.length).toBe(before + 1);
        // In the order of the inbox, and nothing is left to push.
        const pushed = sockets.of('last').map((frame) => frame.id);
        const places = pushed.map((id) => acks.find((ack) => ack.message_id === id)?.sequence as number);
        expect(places).toEqual(places.toSorted((a, b) => a - b));
        expect((await scheduler.waitFor(world.agents.getAgent('t', 'bob'))).inboxMark).toBeUndefined();
      },
    ),
    { numRuns: 300 },
  );
});
