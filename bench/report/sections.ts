/** The sections of the report: the question, the method, a table, and known bias. */
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
    `${each.kind}${each.transport === 'tls' ? ', TLS' : ''}`,
    spread(each.firstMs, 0),
    spread(each.warmMs, 0),
    spread(each.firstCpuUs),
    spread(each.warmCpuUs),
    spread(each.rssAboveIdleMb, 0),
    `${each.lost} / ${each.duplicated} / ${each.timedOut}`,
  ]);
  return `## One message to ${number(first.recipients)} recipients: our sender and the SDK's

Our own fan-out with one of the two senders (setting \`sender\`), in a new process on one core; a sink on the other core answers each post after ${first.latencyMs} ms and
counts. Message of ${first.bytes} B, ${first.repetitions} repetitions, interleaved. Over plain HTTP and over TLS 1.3.

${table(['sender', 'new, ms', 'warm, ms', 'new, CPU µs each', 'warm, CPU µs each', 'MB above idle', 'lost / duplicated / timed out'], rows)}

Timed out: no answer within one second, the limit of a post; the fan-out reports these posts and leaves the messages to the log, so they are not lost.

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
  return `## Contenders on the same gateway

The laptop gateway, table engine and clients are the same; only the functions differ. Each run has its own gateway and tables and starts with three
publishes that do not count. One client publishes on a schedule, but not before all clients have the previous message; latency counts from the scheduled time,
so delays of a slow contender count. The gateway adds no latency and no quota. Level 0, no rate limits.

- **lean**: this project. **sdk**: this project with the setting \`sender: sdk\`. Both check tokens, keep order, write each message to a log and acknowledge it.
- **naive**: the common tutorial's design, written for this benchmark: a scan of the connections, \`Promise.all\`, the SDK. It stores, acknowledges and verifies nothing.
  This favours its latency; a small table favours its scan.
- **aws-lambda-graphql** 0.12.1 with version 2 of the SDK. Its message function runs its stream function directly, without the delay and the price of a DynamoDB
  stream and of a second request: this favours it. It executes GraphQL for each subscriber, which the others do not. Its ACK is the result of the mutation, which comes after the
  fan-out because of that emulation, so its ACK time has no meaning.

${table(['N × size, contender', 'deliveries/s', 'p50 ms', 'p99 ms', 'ACK p50', 'ACK p99', 'calls per publish', 'RRU / WRU', '$ per M publishes', 'ratio to floor', 'lost / duplicated / reordered / corrupted'], rows)}

$ per million publishes: list prices and the duration model of [costs](costs.md), without data transfer; the floor has one ACK, even if the contender sends none (so a contender
without can be below 1). The model uses the processor time of the lean sender for every contender, which favours the others.

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

Independent of time: calls and billed units of one publish as the gateway counts them, times list prices; functions of 512 MB and the duration model of [costs](costs.md). One client
publishes; the other subscribers are rows in the table, and the gateway counts and answers the posts to them, so 10,000 subscribers do not need 10,000 sockets. "Others" are
connections of other channels, with UUIDs as agent ids; the row of the naive design has the same content as ours (tenant, agent, channel, endpoint, times) and about 205 B. A burst is one frame with 25 messages between clients of level 1. 200 B.

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
  return `## Your own server instead

One Node process that sends each message to all clients, with the same load. Do not compare it line by line with the contenders, which make an HTTP call per delivery. Per core, a
server delivers several times more, and faster. It has no log and no resume, no acknowledgement of durable storage, no tokens, tenants or presence, only one machine (with more: a
reconnect storm after each deploy, and a broker), and it costs money when it is idle.

${table(['N × size, server', 'deliveries/s', 'p50 ms', 'p99 ms'], rows)}`;
}

export function signingSection(results: readonly SigningResult[]): string {
  if (results.length === 0) return '';
  const rows = results.map(({ node, variant, microseconds }) => [
    `Node ${node}: ${variant}`,
    spread(microseconds, 2),
  ]);
  return `## Signing

Processor time per signature. On Node 24, \`createHmac\` with a raw key is slow ([ADR 6](adr/006-lean-sender.md)).

${table(['variant', 'µs'], rows)}`;
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

Load time of each bundle in a new process on one core with the template's variables, more than an empty file. Lambda adds the same start time to every function.

${table(['function', 'KB', 'ms', 'CPU ms'], rows)}`;
}
