/** What becomes of messages: sizes, ids, many subscribers, the inbox, presence. */
import { type Check, exactly } from './check';
import { type Client, Refusal } from './client';
import type { Target } from './target';

const messageAdvice = 'Look at "published" in the log of default.';
/** The limit of 126 KB holds for the message as delivered, with some hundred bytes of the service. */
const largeBytes = 126 * 1_024 - 600;
const subscriberCount = 300;
/** An agent may have a hundred connections. */
const connectionsPerAgent = 75;
/** A new account runs ten functions at once. */
const handshakeConcurrency = 4;
const handshakeAttempts = 3;
const handshakePauseMs = 1_000;
const strangeAgent = 'zoë/エージェント|@ %';

export const messageChecks: readonly Check[] = [
  exactly('A message of 126 KB', 'acknowledged and delivered', messageAdvice, async (target) => {
    const sender = await target.connect('sender', { channel: 'large' });
    const receiver = await target.connect('receiver', { channel: 'large' });
    const content = 'x'.repeat(largeBytes);
    await sender.request({ content });
    await receiver.next((frame) => frame.content === content);
    return 'acknowledged and delivered';
  }),
  exactly('An agent with a non-ASCII id', 'sends and receives', messageAdvice, async (target) => {
    const strange = await target.connect(strangeAgent, { channel: 'ids' });
    const plain = await target.connect('plain', { channel: 'ids' });
    await strange.request({ content: 'from' });
    await plain.next(({ agent_id, content }) => agent_id === strangeAgent && content === 'from');
    await plain.request({ to: strangeAgent, content: 'to' });
    await strange.next(({ agent_id, content }) => agent_id === 'plain' && content === 'to');
    return 'sends and receives';
  }),
  {
    asked: `${subscriberCount} new subscribers of one channel`,
    expected: `${subscriberCount} get the message`,
    advice: 'Lambda concurrency or API Gateway requests are too low (runbook: The account throttles).',
    run: async (target) => {
      const agents = Array.from(
        { length: subscriberCount },
        (_, n) => `subscriber-${String(Math.floor(n / connectionsPerAgent))}`,
      );
      const clients: Client[] = [];
      const waiting = [...agents];
      const connectNext = async (): Promise<void> => {
        for (let agent = waiting.pop(); agent !== undefined; agent = waiting.pop())
          clients.push(await connectPatiently(target, agent, 'wide'));
      };
      await Promise.all(Array.from({ length: handshakeConcurrency }, connectNext));
      const publisher = await target.connect('publisher', { channel: 'wide' });
      const startedAt = performance.now();
      const received = clients.map((client) => client.next(({ content }) => content === 'wide'));
      await publisher.request({ content: 'wide' });
      const got = (await Promise.allSettled(received)).filter(({ status }) => status === 'fulfilled').length;
      const lastMs = Math.round(performance.now() - startedAt);
      for (const client of clients) client.close();
      return {
        found: `${got} get the message, the last after ${lastMs} ms`,
        isGood: got === subscriberCount,
      };
    },
  },
  {
    asked: 'A message to an agent that is offline',
    expected: 'stored, then pushed to its next connection',
    advice: 'Look at "inbox_pushed" and "inbox_push_failed" in the log of inbox, and at the failure queue.',
    run: async (target) => {
      const sender = await target.connect('sender');
      const { status } = await sender.request({ to: 'absent', content: 'kept' });
      const startedAt = performance.now();
      const absent = await target.connect('absent');
      await absent.next(({ content }) => content === 'kept', 20_000);
      const ms = Math.round(performance.now() - startedAt);
      return {
        found: `${String(status)}, pushed ${ms} ms after the handshake began`,
        isGood: status === 'stored',
      };
    },
  },
  {
    asked: 'Presence after a socket is cut',
    expected: 'connected, then disconnected',
    advice: 'Look at "disconnected" in the log of disconnect; a lost report is found by the sweep.',
    run: async (target) => {
      const watcher = await target.connect('watcher', { level: 1 });
      await watcher.request({ type: 'subscribe', channel_id: '$presence' });
      const reason = (expected: string) =>
        watcher.next(
          ({ type, agent_id, content }) =>
            type === 'presence' &&
            agent_id === 'leaver' &&
            (content as { reason?: unknown } | undefined)?.reason === expected,
          30_000,
        );
      const leaver = await target.connect('leaver');
      await reason('connected');
      const startedAt = performance.now();
      leaver.cut();
      await reason('disconnected');
      const ms = Math.round(performance.now() - startedAt);
      return { found: `connected, then disconnected after ${ms} ms`, isGood: true };
    },
  },
];

/** As clients do: a handshake that the platform has no function for is tried again. */
async function connectPatiently(target: Target, agent: string, channel: string): Promise<Client> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await target.connect(agent, { channel });
    } catch (error) {
      const isWorthAnother = error instanceof Refusal && (error.status === 429 || error.status >= 500);
      if (!isWorthAnother || attempt === handshakeAttempts) throw error;
      await new Promise((resolve) => setTimeout(resolve, handshakePauseMs));
    }
  }
}
