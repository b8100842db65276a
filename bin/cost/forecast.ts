/**
 * Estimates the cost of a load in a month of 30 days from the calls per publish and per connection. The test
 * test/bench/forecast.test.ts compares the calls with counted ones.
 */
import {
  type Bill,
  billFor,
  type Counts,
  emptyPolls,
  type FunctionCounts,
  messageUnits,
  noCounts,
  payloadUnits,
} from '../../gateway/index';
import type { Load } from './load';
import { type OtherService, otherServices } from './other-services';

const secondsPerMonth = 30 * 86_400;
/** The SDK replaces a connection 10 to 20 minutes before API Gateway ends it, and pings every 9 minutes. */
const secondsBetween = { connects: 6_300, pings: 540 };

/** Bytes besides the content: in a client's frame, in a message to subscribers, in a row of the log, in an ACK. */
const overhead = { frame: 40, message: 150, row: 300, ack: 130 };
const subscriptionBytes = 110;
/** Larger rows are stored compressed. The ratio depends on the content, so the estimate ignores compression. */
const readUnitBytes = 4_096;
const writeUnitBytes = 1_024;

/**
 * The authorizer and connect: three revocations, the row of floods and the watchers of presence, read; the connection and the agent,
 * written.
 * `hello`: the connection, the agent and the end of the inbox, read. disconnect: the connection and the watchers, read; the
 * connection and the agent, written. Watchers themselves are not counted.
 */
const perConnect = { writeUnits: 4, readUnits: 8, requests: 3, tableCalls: 9, bytesOut: 500 };
const perHello = { tableCalls: 3 };
/** The connection and the end of the inbox. */
const perPing = { readUnits: 2, tableCalls: 2, bytesOut: 100 };
/** Each channel of a connection: its end, read; when it connects, the subscription and the list of channels, written, and the removal. */
const perChannel = { readUnits: 1, writeUnits: 3, ends: 1, changes: 3 };

/** Every 5 minutes. It probes as many connections as it has time for, 250 per second. */
const sweep = { everySeconds: 300, maxChecks: 25_500, checkMs: 4, memoryMb: 512 };
/** Bytes that it reads per connection: connection, subscription and agent. */
const sweptBytes = 230 + 110 + 200;

/** Counts of all sweeps in a month. */
export function sweepCounts(agents: number) {
  const runs = secondsPerMonth / sweep.everySeconds;
  const checks = runs * Math.min(agents, sweep.maxChecks);
  return {
    // The two scans, and the place where the last run stopped.
    readUnits: runs * (1 + Math.max(1, 0.5 * Math.ceil((agents * sweptBytes) / readUnitBytes))),
    // The place; not when a run checks them all.
    writeUnits: agents > sweep.maxChecks ? runs : 0,
    function: {
      memoryMb: sweep.memoryMb,
      requests: runs,
      posts: 0,
      postRounds: 0,
      tableCalls: runs * 3,
      furtherMs: checks * sweep.checkMs,
    },
  };
}

export interface IdleFleet {
  readonly agents: number;
  readonly channelsPerAgent: number;
  readonly seconds: number;
  readonly memoryMb: number;
}

/** Counts of agents with the SDK that are connected for some time and do nothing. */
export function idleCounts({ agents, channelsPerAgent, seconds, memoryMb }: IdleFleet): Counts {
  const connects = (agents * seconds) / secondsBetween.connects;
  const pings = (agents * seconds) / secondsBetween.pings;
  const months = seconds / secondsPerMonth;
  const swept = sweepCounts(agents);
  // One hello for each connection.
  const frames = connects + pings;
  return {
    ...noCounts(),
    messagesIn: frames,
    unitsIn: frames,
    messagesOut: frames,
    unitsOut: frames,
    bytesOut: connects * perConnect.bytesOut + pings * perPing.bytesOut,
    connectionMinutes: (agents * seconds) / 60,
    handshakes: connects,
    edgeHandshakes: connects,
    readUnits:
      connects * perConnect.readUnits +
      pings * perPing.readUnits +
      frames * channelsPerAgent * perChannel.readUnits +
      months * swept.readUnits,
    writeUnits:
      connects * (perConnect.writeUnits + channelsPerAgent * perChannel.writeUnits) +
      months * swept.writeUnits,
    functions: {
      frames: {
        memoryMb,
        requests: frames,
        posts: frames,
        postRounds: frames,
        tableCalls:
          connects * perHello.tableCalls +
          pings * perPing.tableCalls +
          frames * channelsPerAgent * perChannel.ends,
      },
      connections: {
        memoryMb,
        requests: connects * perConnect.requests,
        posts: 0,
        postRounds: 0,
        tableCalls: connects * (perConnect.tableCalls + channelsPerAgent * perChannel.changes),
      },
      sweep: times(months, swept.function),
    },
  };
}

/** `rate` matters with `publishQueue` only. */
export interface Publish
  extends
    Pick<Load, 'fanOut' | 'size' | 'ephemeral' | 'memoryMb'>,
    Partial<Pick<Load, 'rate' | 'events' | 'publishOnly' | 'publishQueue'>> {
  /** Whether the SDK of the publisher, which is one of the subscribers, makes its copy itself. */
  readonly localEcho: boolean;
}

/** Messages of the queue are compared with those of the last ten minutes, in pages of the log. */
const search = { seconds: 600, maxRows: 1_000, firstPage: 25, furtherPage: 100 };

/** Pages that are read for the first copy of a message, after the first one. */
function furtherPages(rate: number): number {
  const further = Math.min(search.maxRows, rate * search.seconds) + 1 - search.firstPage;
  return Math.max(0, Math.ceil(further / search.furtherPage));
}

/** Their rows, the first one that is too old included; a day's log has no more. */
function searchedRows(rate: number): number {
  const read = search.firstPage + search.furtherPage * furtherPages(rate);
  return Math.max(1, Math.min(read, rate * 86_400));
}

/** What its receivers do not see of a publish: how it comes, and whether it goes on to EventBridge. */
function waysInAndOut({ size, ephemeral, events, publishQueue }: Publish): Partial<Counts> {
  const busEvents = events && !ephemeral ? payloadUnits(size + overhead.message) : 0;
  const bytesIn = size + overhead.frame;
  // Sent, received and deleted.
  if (publishQueue) return { busEvents, queueRequests: 2 * payloadUnits(bytesIn) + 1 };
  return { busEvents, messagesIn: 1, unitsIn: messageUnits(bytesIn) };
}

/** The run of one publish: the calls to tables are the head of the log, the put and the subscribers. */
function publishRun(publish: Publish, posts: number): FunctionCounts {
  const { rate = 0, ephemeral, memoryMb, localEcho, publishOnly = false, publishQueue = false } = publish;
  // The publisher's own copy waits for its ACK.
  const postRounds = localEcho || publishOnly || publishQueue ? 1 : 2;
  const tableCalls = (ephemeral ? 1 : 3) + (publishQueue ? furtherPages(rate) : 0);
  return { memoryMb, requests: 1, posts, postRounds, tableCalls };
}

/** Counts of one publish. */
export function publishCounts(publish: Publish): Counts {
  const { fanOut, size, rate = 0, ephemeral, localEcho, publishQueue = false } = publish;
  const copies = fanOut - (localEcho ? 1 : 0);
  const acks = publishQueue ? 0 : 1;
  const consistency = ephemeral ? 0.5 : 1;
  const subscribers = consistency * Math.max(1, Math.ceil((fanOut * subscriptionBytes) / readUnitBytes));
  const rows = publishQueue ? searchedRows(rate) : 1;
  const head = ephemeral ? 0 : Math.ceil((rows * (size + overhead.row)) / readUnitBytes);
  return {
    ...noCounts(),
    ...waysInAndOut(publish),
    messagesOut: copies + acks,
    unitsOut: copies * messageUnits(size + overhead.message) + acks,
    bytesOut: copies * (size + overhead.message) + acks * overhead.ack,
    readUnits: head + subscribers,
    writeUnits: ephemeral ? 0 : Math.ceil((size + overhead.row) / writeUnitBytes),
    functions: { default: publishRun(publish, copies + acks) },
  };
}

function times(count: number, each: FunctionCounts): FunctionCounts {
  return {
    memoryMb: each.memoryMb,
    requests: count * each.requests,
    posts: count * each.posts,
    postRounds: count * each.postRounds,
    tableCalls: count * each.tableCalls,
    furtherMs: count * (each.furtherMs ?? 0),
  };
}

export interface Forecast {
  readonly publishes: number;
  readonly bill: Bill;
  readonly elsewhere: readonly OtherService[];
}

export function forecast(load: Load): Forecast {
  const { agents, channels, rate, fanOut } = load;
  const publishes = channels * rate * secondsPerMonth;
  const localEcho = !load.publishOnly && !load.publishQueue;
  const one = publishCounts({ ...load, localEcho });
  const idle = idleCounts({
    agents,
    channelsPerAgent: (channels * fanOut) / agents,
    seconds: secondsPerMonth,
    memoryMb: load.memoryMb,
  });
  const minutes = idle.connectionMinutes;
  const counts: Counts = {
    ...idle,
    messagesIn: idle.messagesIn + publishes,
    unitsIn: idle.unitsIn + publishes * one.unitsIn,
    messagesOut: idle.messagesOut + publishes * one.messagesOut,
    unitsOut: idle.unitsOut + publishes * one.unitsOut,
    bytesOut: idle.bytesOut + publishes * one.bytesOut,
    readUnits: idle.readUnits + publishes * one.readUnits,
    writeUnits: idle.writeUnits + publishes * one.writeUnits,
    busEvents: publishes * one.busEvents,
    queueRequests:
      publishes * one.queueRequests + (load.publishQueue ? emptyPolls(secondsPerMonth * 1_000) : 0),
    signingKeyMonths: 1,
    functions: {
      ...idle.functions,
      default: times(publishes, publishRun({ ...load, localEcho }, one.messagesOut)),
    },
  };
  const bill = billFor(counts);
  // Pings and replaced connections are no part of what any design has to pay; the copy of the publisher is one.
  const { floorDollars } = billFor({
    ...noCounts(),
    unitsIn: publishes * one.unitsIn,
    unitsOut: publishes * publishCounts({ ...load, localEcho: false }).unitsOut,
    connectionMinutes: minutes,
  });
  return {
    publishes,
    bill: { ...bill, floorDollars, ratioToFloor: bill.dollars / floorDollars },
    elsewhere: otherServices(load),
  };
}
