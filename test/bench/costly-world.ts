/** What stands in the tables of a tenant before an expensive text message comes. */
import { channelSubject } from '../../lambda/shared/subjects';
import type { HistoryStore } from '../../lambda/shared/stores/history-store';
import type { AgentStore } from '../../lambda/shared/stores/agent-store';

export interface Prepared {
  /** Channels with two messages each, and the characters of each message. */
  readonly channels: number;
  readonly messageLength: number;
  /** Logs of many messages, all younger than ten minutes. */
  readonly deepLogs: number;
  readonly deepRows: number;
  readonly deepRowLength: number;
  /** Agents that the tenant has; each has set fifty capabilities. */
  readonly agents: number;
}

export const tenantId = 't';
/** Of the world in memory, epoch milliseconds. */
export const worldClock = 1_790_000_000_000;
export const epoch = 'e';
export const channelRows = 2;
const newestOfAged = 1_000_000;
/** Of MB-long pages: agents with fifty capabilities of 64 characters. */
export const agentPage = 290;

/** Names as long as they may be: a connection's row lists them. */
export const channelName = (n: number): string => `c${String(n)}`.padEnd(128, '-');
export const deepName = (n: number): string => `deep${String(n)}`;
/** Its first message is gone, so that the oldest one has to be looked for; of the others, those are there that halving meets. */
export const agedName = 'aged';
/** Its messages have expired, and still stand in the table. */
export const expiredName = 'expired';

export async function fillLogs(
  logs: HistoryStore,
  prepared: Prepared,
  now: number,
  tenant = tenantId,
): Promise<void> {
  const { channels, messageLength, deepLogs, deepRows, deepRowLength } = prepared;
  const put = (channel: string, sequence: number, length: number, expiresAt = now + 80_000_000) =>
    logs.tryPut(channelSubject(tenant, channel), {
      sequence,
      epoch,
      nonce: 'n',
      id: `${channel.slice(0, 8)}-${String(sequence)}`,
      agentId: 'a',
      isRetry: false,
      timestamp: now - 1_000,
      expiresAt,
      body: bodyOf(length),
    });
  const fill = async (channel: string, rows: number, length: number): Promise<void> => {
    for (let sequence = 1; sequence <= rows; sequence++) await put(channel, sequence, length);
  };
  await atOnce(channels, (n) => fill(channelName(n), channelRows, messageLength));
  await atOnce(deepLogs, (n) => fill(deepName(n), deepRows, deepRowLength));
  for (let sequence = newestOfAged; sequence > 1; sequence = Math.floor((1 + sequence) / 2))
    await put(agedName, sequence, messageLength);
  for (let sequence = 1; sequence <= deepRows; sequence++)
    await put(expiredName, sequence, deepRowLength, now - 1_000);
  const mark = { epoch, sequence: deepRows };
  await logs.raiseCheckpoint(channelSubject(tenant, expiredName), mark, now + 80_000_000);
}

export async function fillAgents(
  agents: AgentStore,
  { agents: count }: Prepared,
  tenant = tenantId,
): Promise<void> {
  await atOnce(count, async (n) => {
    const [agentId, connectionId] = [`b${String(n)}`, `d${String(n)}`];
    await agents.addConnection(tenant, agentId, connectionId, 1);
    await agents.setPresence(tenant, agentId, connectionId, {
      status: undefined,
      capabilities: abilities(agentId),
    });
    await agents.removeConnection(tenant, agentId, connectionId);
  });
}

/** Ten at a time. */
async function atOnce(count: number, run: (n: number) => Promise<void>): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count) await run(next++);
  };
  await Promise.all(Array.from({ length: 10 }, work));
}

export function abilities(id: string): string[] {
  return Array.from({ length: 50 }, (_, n) => `${id}-${String(n)}`.padEnd(64, 'x'));
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
/** Made once: a world has megabytes of them. */
const contents = new Map<number, string>();
const bodies = new Map<number, string>();

function bodyOf(length: number): string {
  const body = bodies.get(length) ?? JSON.stringify({ type: 'message', content: contentOf(length) });
  bodies.set(length, body);
  return body;
}

/** Hard to compress: bodies are stored compressed where that is shorter. */
export function contentOf(length: number): string {
  const content = contents.get(length) ?? randomText(length);
  contents.set(length, content);
  return content;
}

function randomText(length: number): string {
  let state = length;
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return letters[(state >>> 16) % letters.length];
  }).join('');
}
