/**
 * The sections of the report: a question, how it was asked, a table, and what favours whom.
 */
import type { BroadcastResult } from '../broadcast/run';
import type { CostResult } from '../costs/run';
import type { InitResult } from '../init/run';
import type { ContenderResult } from '../contenders/run';
import type { ServerResult } from '../servers/run';
import type { SigningResult } from '../signing/run';
import { calls, number, spread, table } from './table';

export function broadcastSection(results: readonly BroadcastResult[], chart: string): string {
  const [first] = results;
  if (first === undefined) return '';
  const rows = results.map((each) => [
    each.kind,
    spread(each.firstMs, 0),
    spread(each.warmMs, 0),
    spread(each.firstCpuUs),
    spread(each.warmCpuUs),
    spread(each.rssAboveIdleMb, 0),
    `${each.lost} / ${each.duplicated} / ${each.timedOut}`,
  ]);
  return `## One message to ${number(first.recipients)} recipients: our sender and the SDK's

Our own fan-out with one of the two senders (setting \`sender\`), in a fresh process on one core; a sink on the other core answers each post after ${first.latencyMs} ms and
counts. Message of ${first.bytes} B, ${first.repetitions} repetitions, interleaved. Plain HTTP: TLS would cost both the same.

${table(['sender', 'fresh, ms', 'warm, ms', 'fresh, CPU µs each', 'warm, CPU µs each', 'MB above idle', 'lost / doubled / timed out'], rows)}

Timed out: no answer within the second that a post may take; reported by the fan-out and left to the log, so not lost.

${chart}`;
}

export function contenderSection(results: readonly ContenderResult[], ...charts: readonly string[]): string {
  if (results.length === 0) return '';
  const rows = results.map((each) => [
    `${number(each.subscribers)} × ${number(each.bytes)} B, ${each.contender}`,
    spread(each.deliveriesPerSecond, 0),
    spread(each.p50Ms),
    spread(each.p99Ms),
    each.ackP50Ms === undefined ? '–' : spread(each.ackP50Ms),
    each.ackP99Ms === undefined ? '–' : spread(each.ackP99Ms),
    calls(each.callsPerPublish),
    `${number(each.readUnitsPerPublish, 1)} / ${number(each.writeUnitsPerPublish, 1)}`,
    number(each.dollarsPerMillion, 2),
    each.ratioToFloor.toFixed(3),
    [each.lost, each.duplicated, each.reordered, each.corrupted].join(' / '),
  ]);
  return `## Lanes on the same gateway

The same laptop gateway, table engine and clients; what differs is what runs in the functions. Each run has a gateway and tables of its own and starts with three
publishes that do not count. One client publishes on a schedule, the next message not before the last one has reached everybody; latency counts from the scheduled time,
so a lane that falls behind pays for it. The gateway adds no latency and no quota. Level 0, no rate limits.

- **lean**: this project. **sdk**: this project with the setting \`sender: sdk\`. Both check tokens, keep order, write each message to a log and acknowledge it.
- **naive**: the common tutorial's design, written for this benchmark: a scan of the connections, \`Promise.all\`, the SDK. It keeps nothing, acknowledges nothing, checks nothing.
  That favours it in latency; a small table favours its scan.
- **aws-lambda-graphql** 0.12.1 with version 2 of the SDK. Its stream function is run by its message function at once, without the delay and the price of a DynamoDB
  stream and of a second request: that favours it. It executes GraphQL for each subscriber, which the others do not. Its ACK is the mutation's result, which comes after the
  fan-out because of that emulation: its ACK time says nothing.

${table(['N × size, lane', 'deliveries/s', 'p50 ms', 'p99 ms', 'ACK p50', 'ACK p99', 'calls per publish', 'RRU / WRU', '$ per M publishes', 'ratio to floor', 'lost / doubled / reordered / damaged'], rows)}

$ per million publishes: list prices and the duration model of [costs](costs.md), without data transfer; the floor has one ACK, whether the lane sends one or not (so a lane
without can be below 1). The model takes the lean sender's processor time for every lane, which favours the others.

${charts.filter((chart) => chart !== '').join('\n\n')}`;
}

export function costSection(results: readonly CostResult[], chart: string): string {
  if (results.length === 0) return '';
  const rows = results.map((each) => [
    `${each.contender}, ${each.kind}, N = ${number(each.subscribers)}${each.otherConnections > 0 ? `, ${number(each.otherConnections)} others` : ''}`,
    calls(each.callsPerPublish),
    `${number(each.readUnitsPerPublish, 1)} / ${number(each.writeUnitsPerPublish, 1)}`,
    number(each.dollarsPerMillionMessages, 2),
    number(each.dollarsPerMillionDeliveries, 4),
    each.ratioToFloor.toFixed(4),
  ]);
  return `## What a publish costs, counted

No clock here: calls and billed units of one publish as the gateway counts them, times list prices; functions of 512 MB and the duration model of [costs](costs.md). One client
publishes and the other subscribers are rows in the table, whose posts the gateway counts and answers; so 10,000 subscribers need no 10,000 sockets. "Others" are
connections of other channels, with UUIDs as agent ids; the naive design's row has the same facts as ours (tenant, agent, channel, endpoint, times) and about 205 B. A burst is one frame with 25 messages between clients of level 1. 200 B.

${table(['case', 'calls', 'RRU / WRU', '$ per M messages', '$ per M deliveries', 'ratio to floor'], rows)}

${chart}`;
}

export function serverSection(results: readonly ServerResult[]): string {
  if (results.length === 0) return '';
  const rows = results.map((each) => [
    `${number(each.subscribers)} × ${number(each.bytes)} B, ${each.kind}`,
    spread(each.deliveriesPerSecond, 0),
    spread(each.p50Ms),
    spread(each.p99Ms),
  ]);
  return `## A server of your own instead

One Node process that sends each message to everybody, with the same clients; not to be compared line by line with the lanes, which pay an HTTP call per delivery. Per core a
server delivers several times more, and sooner. What it lacks: a log and resume, acknowledgements that mean durable, tokens, tenants, presence, more than one machine (a
reconnect storm after each deploy, a broker between several), and an idle price of nothing.

${table(['N × size, server', 'deliveries/s', 'p50 ms', 'p99 ms'], rows)}`;
}

export function signingSection(results: readonly SigningResult[]): string {
  if (results.length === 0) return '';
  const rows = results.map(({ node, variant, microseconds }) => [
    `Node ${node}: ${variant}`,
    spread(microseconds, 2),
  ]);
  return `## Signing

Processor time per signature. On Node 24 \`createHmac\` with a raw key is the trap ([ADR 6](adr/006-lean-sender.md)).

${table(['way', 'µs'], rows)}`;
}

export function initSection(results: readonly InitResult[]): string {
  if (results.length === 0) return '';
  const rows = results.map((each) => [
    `Node ${each.node}: ${each.function}`,
    number(each.kilobytes),
    spread(each.ms),
    spread(each.cpuMs),
  ]);
  return `## Init

Loading each bundle in a fresh process on one core with the template's variables, above an empty file. Lambda adds what every function pays.

${table(['function', 'KB', 'ms', 'CPU ms'], rows)}`;
}
