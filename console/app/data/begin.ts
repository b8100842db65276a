/** Starts what feeds the page: the session, the connections, the agents, the log lines, the clocks. */
import type { Message } from '@artcafe/pubsub';
import { watchAgents } from './agents';
import { Buses } from '../source/buses';
import {
  addChannel,
  channels,
  channelsState,
  hasChannel,
  noteMessage,
  notePosition,
  noteSubscribers,
  showChannels,
} from './channels';
import { Feed } from './feed';
import { type Costs, fromGateway, type LogLine } from '../source/gateway';
import { channelsIn, isError, isPublished, newLines, numberIn, receiversIn } from '../source/log';
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
  buses = new Buses(url, { message: take, gap: noteError });
  void watchAgents(buses.first);
  setInterval(() => {
    tick();
    showChannels();
  }, 1_000);
  if (isLaptop) void followGateway();
  else channelsState.value = 'ready';
}

function take(message: Message): void {
  const now = Date.now();
  noteSeen();
  if (!message.replayed) noteDelivery(now - message.timestamp);
  noteMessage(message);
  feed.add(new Row(message, now));
}

export function watchChannel(id: string): void {
  void watchAll([id]);
}

/** Subscribes first and reads the logs then, so that no message falls between. */
async function watchAll(ids: readonly string[]): Promise<void> {
  const all = buses;
  if (all === undefined) return;
  const found = ids.some((id) => !hasChannel(id));
  await Promise.all(ids.filter(addChannel).map((id) => all.watch(id)));
  showChannels();
  if (found) await readPast();
}

/** The first page of the past, once the channels are known. */
export async function readPast(): Promise<void> {
  const { value: only } = feed.channel;
  const names = only === undefined ? channels.value.map(({ id }) => id) : [only];
  const rows = await past.more(names);
  for (const { message } of rows) notePosition(message);
  feed.setOlder(rows);
}

let lastCosts: { readonly costs: Costs; readonly at: number } | undefined;

async function followGateway(): Promise<void> {
  try {
    const costs = await fromGateway<Costs>('costs');
    if (costs !== undefined) readCosts(costs, Date.now());
    const { lines, areOld } = await newLines();
    if (!areOld) for (const line of lines) readLine(line);
    void watchAll(channelsIn(lines));
    channelsState.value = 'ready';
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

function readLine(logLine: LogLine): void {
  const { line } = logLine;
  if (isError(logLine)) noteError();
  if (!isPublished(logLine)) return;
  const ack = numberIn(line, 'ack_ms');
  if (ack !== undefined) noteAck(ack);
  const receivers = numberIn(line, 'frames') === 1 ? receiversIn(line) : undefined;
  if (receivers !== undefined && typeof line.channel_id === 'string')
    noteSubscribers(line.channel_id, receivers);
}
