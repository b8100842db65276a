/** Starts what feeds the page: the session, the connections, the directories, the clocks. */
import type { Message } from '@artcafe/pubsub';
import { copiesOf, numberIn } from '../../explain/explanation';
import { loadAgents, takePresence } from './agents';
import { Buses } from '../source/buses';
import {
  channels,
  isListed,
  listedIds,
  loadChannels,
  noteMessage,
  noteSubscribers,
  showChannels,
} from './channels';
import { Feed } from './feed';
import { type Costs, fromGateway, type LogLine } from '../source/gateway';
import { isError, isPublished, newLines } from '../source/log';
import { Past } from './past';
import { Row } from './rows';
import { noteAck, noteDelivery, noteError, noteRates, noteSeen, tick } from './samples';
import { openSession, session } from '../source/session';

export const feed = new Feed();
let buses: Buses | undefined;
export const past = new Past(() => {
  if (buses === undefined) throw new Error('There is no connection yet.');
  return buses.first;
});

const directoryEveryMs = 15_000;
const gatewayEveryMs = 2_000;
const sessionAgainMs = 3_000;

export async function begin(): Promise<void> {
  try {
    await openSession();
  } catch {
    setTimeout(() => void begin(), sessionAgainMs);
    return;
  }
  const { url = '', isLaptop = false } = session.value ?? {};
  buses = new Buses(url, { message: take, gap: noteError, returned: () => void loadAgents() });
  void buses.watch('$presence').then(() => loadAgents());
  const all = buses;
  void readDirectory(all);
  setInterval(() => void readDirectory(all), directoryEveryMs);
  setInterval(() => {
    tick();
    showChannels();
  }, 1_000);
  if (isLaptop) void followGateway();
}

function take(message: Message): void {
  if (message.channelId === '$presence') {
    takePresence(message);
    return;
  }
  const now = Date.now();
  noteSeen();
  if (!message.replayed) noteDelivery(now - message.timestamp);
  noteMessage(message.channelId ?? '', message.sequence, message.epoch, message.timestamp);
  feed.add(new Row(message, now));
}

/** A new channel is read from its beginning. */
async function readDirectory(all: Buses): Promise<void> {
  for (const { id, epoch, isNew } of await loadChannels())
    void all.watch(id, isNew ? { epoch, sequence: 0 } : undefined);
  // Those that could not be watched are asked for again.
  for (const id of listedIds()) void all.watch(id);
}

/** Watches a channel that the directory does not have yet. */
export function watchChannel(id: string): void {
  void buses?.watch(id);
}

/** The first page of the past, once the channels are known. */
export async function readPast(): Promise<void> {
  const { value: only } = feed.channel;
  const names = only === undefined ? channels.value.map(({ id }) => id) : [only];
  feed.setOlder(await past.more(names));
}

let lastCosts: { readonly costs: Costs; readonly at: number } | undefined;

async function followGateway(): Promise<void> {
  try {
    const costs = await fromGateway<Costs>('costs');
    if (costs !== undefined) readCosts(costs, Date.now());
    const lines = await newLines();
    for (const line of lines) readLine(line);
    // Sooner than by the clock.
    if (buses !== undefined && lines.some(namesNewChannel)) await readDirectory(buses);
  } catch {
    // The gateway is away; the connection says so.
    noteRates(undefined);
    lastCosts = undefined;
  }
  setTimeout(() => void followGateway(), gatewayEveryMs);
}

function readCosts(costs: Costs, at: number): void {
  if (lastCosts !== undefined) {
    const seconds = (at - lastCosts.at) / 1_000;
    const before = lastCosts.costs;
    const dollars = (each: Costs): number => each.bill.dollars + each.bill.transferDollars;
    noteRates({
      in: (costs.counts.messagesIn - before.counts.messagesIn) / seconds,
      out: (costs.counts.messagesOut - before.counts.messagesOut) / seconds,
      dollarsPerHour: ((dollars(costs) - dollars(before)) / seconds) * 3_600,
    });
  }
  lastCosts = { costs, at };
}

function namesNewChannel(logLine: LogLine): boolean {
  const { channel_id: id } = logLine.line;
  return isPublished(logLine) && typeof id === 'string' && !isListed(id);
}

function readLine(logLine: LogLine): void {
  const { line } = logLine;
  if (isError(logLine)) noteError();
  if (!isPublished(logLine)) return;
  const ack = numberIn(line, 'ack_ms');
  if (ack !== undefined) noteAck(ack);
  const isOneMessage = numberIn(line, 'frames') === 1 && numberIn(line, 'messages') === 1;
  const receivers = isOneMessage ? copiesOf(line) : undefined;
  if (receivers !== undefined && typeof line.channel_id === 'string')
    noteSubscribers(line.channel_id, receivers);
}
