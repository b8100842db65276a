/**
 * The client under faults on the laptop gateway: 5 publishers, 20 subscribers, 2,000 messages, while one random socket is
 * cut every 300 ms, texts are lost on the client's side (ACKs among them), functions start and answer late and in another
 * order, are run twice and die at their calls, posts and tables are throttled, ends of connections are reported twice or never,
 * tokens expire, and all pass the agents' rate limit. Half way the clock moves until the platform cuts every connection for its age.
 * Meanwhile one agent gets direct messages; its processes register their handler late and crash every four seconds (which
 * another release of the SDK or of the service can't survive, so that there they only get cut).
 * `npm run suite client-faults [-- SEED]` prints figures as JSON; exit code 1 when anything is lost, doubled or out of order,
 * or when a fault never happened. Other releases of the SDK and of the service (`test/upgrade`) are named by their modules:
 * `--client FILE`, `--bus FILE`.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type * as sdk from '../../clients/javascript/index';
import type { FaultPlanInput } from '../../gateway/index';
import type * as service from '../helpers/bus';
import { CuttableWebSocket } from '../helpers/cuttable-web-socket';
import { FakeTimers } from '../helpers/fake-timers';
import { InboxReceiver } from './inbox-receiver';

const publishers = 5;
const subscribers = 20;
const thisClient = '../../clients/javascript/index';
const { values: options, positionals } = parseArgs({
  options: {
    client: { type: 'string', default: thisClient },
    bus: { type: 'string', default: '../helpers/bus' },
    messages: { type: 'string', default: '2000' },
  },
  allowPositionals: true,
});
const messages = Number(options.messages);
/** One publish in this many is followed by a direct message. */
const directEvery = 5;
/** Of the cuts. */
const crashEvery = 13;
/** The kept position needs both sides. */
const isThisRelease = !process.argv.some((word) => /^--(client|bus)/.test(word));
/** Of the calls of `default`: so that a short run has as many as a long one. */
const killShare = 2 / messages;
/** Of the text messages, likewise. */
const duplicateShare = 40 / messages;
const cutEveryMs = 300;
/** Fewer are not cut further: a machine that is slow to connect would get nowhere. */
const minOpen = 0.8 * (publishers + subscribers);
/** Of the texts that come in at a client while the faults are on. */
const lostShare = 0.01;
const tokenSeconds = 20;
/** More than one takes, with its delays. */
const handshakeMs = 3_000;
const hourMs = 3_600_000;
/** Shorter than the ten minutes after which the platform closes a silent connection. */
const stepMs = 9 * 60_000;
/** With the last of them every connection is over two hours old. */
const steps = 14;
/** A minute later the platform would close them as silent ones, with the same code. */
const cutMs = 30_000;
/** A hole at the end is noticed by a ping; faster than the usual five minutes, as a drop resumes as well. */
const patienceMs = 100_000;

const rules = [
  { service: 'connections', operation: 'post', fault: 'throttle', probability: 0.01 },
  { service: 'dynamodb', fault: 'throttle', probability: 0.01 },
  { service: 'dynamodb', function: 'Default', fault: 'kill', when: 'before', probability: killShare },
  { service: 'dynamodb', function: 'Default', fault: 'kill', when: 'after', probability: killShare },
  { service: 'event', operation: 'message', fault: 'duplicate', delayMs: 200, probability: duplicateShare },
] as const satisfies FaultPlanInput['rules'];

async function main(seed: number): Promise<void> {
  const { PubSub } = (await import(options.client)) as typeof sdk;
  const { Bus } = (await import(options.bus)) as typeof service;
  const dice = new FakeTimers(seed);
  // The SDK of b45d54d gives a subscription up when its token expires meanwhile, as it does after two lost texts.
  let isCalm = options.client !== thisClient;
  let tokenLife = tokenSeconds;
  const sockets = new CuttableWebSocket(() => !isCalm && dice.random() < lostShare);
  const bus = await Bus.start({
    faults: {
      seed,
      connect: { startDelayMs: 20, replyDelayMs: 20 },
      message: { startDelayMs: 60, replyDelayMs: 0 },
      disconnect: { startDelayMs: 500, lose: 0.2, duplicate: 0.2 },
    },
    faultPlan: { seed, rules },
  });
  const { clock, faultPlan } = bus.inside.gateway;
  if (faultPlan === undefined) throw new Error('The gateway has no fault layer');
  const newClient = (agent: string, WebSocket: CuttableWebSocket['WebSocket']): sdk.PubSub => {
    const client = new PubSub({
      url: bus.baseUrls.edge,
      token: () => bus.token({ tenant: 'faults', agent, expiresInSeconds: tokenLife }),
      WebSocket,
      backoff: { baseMs: 200 },
    });
    client.on('gap', (gap) => gaps.push(gap));
    return client;
  };
  const clientOf = async (agent: string): Promise<sdk.PubSub> => {
    const client = newClient(agent, sockets.WebSocket);
    client.on('state', ({ state }) => {
      if (state === 'connecting') reconnects += 1;
    });
    await client.connect();
    return client;
  };

  const gaps: unknown[] = [];
  let reconnects = 0;
  const received: number[][] = [];
  const clients: sdk.PubSub[] = [];
  for (let index = 0; index < subscribers; index++) {
    const client = await clientOf(`subscriber-${index}`);
    const sequences: number[] = [];
    received.push(sequences);
    await client.channel('all').subscribe(({ sequence = 0 }) => sequences.push(sequence));
    clients.push(client);
  }
  const senders = await Promise.all(
    Array.from({ length: publishers }, (_, index) => clientOf(`publisher-${index}`)),
  );
  const receiver = new InboxReceiver(
    (WebSocket) => newClient('receiver', WebSocket),
    () => !isCalm && dice.random() < lostShare,
  );
  isCalm = true;
  await receiver.start();
  let direct = 0;
  const sendDirect = async (client: sdk.PubSub): Promise<void> => {
    await client.agent('receiver').send((direct += 1));
  };
  /** Sequences of the ACKs. */
  const accepted: number[] = [];
  /** As many from each publisher. */
  const sendFromAll = async (count: number): Promise<void> => {
    const sequences = await Promise.all(
      senders.map((client) => send(client, count / publishers, sendDirect)),
    );
    accepted.push(...sequences.flat());
  };
  let cuts = 0;
  /** With all faults on. */
  const sendInStorm = async (count: number): Promise<void> => {
    isCalm = false;
    const cutting = setInterval(() => {
      if (sockets.count < minOpen) return;
      sockets.cut(Math.floor(dice.random() * sockets.count));
      cuts += 1;
      if (cuts % crashEvery !== 0) return;
      if (isThisRelease) receiver.crash();
      else receiver.cut();
    }, cutEveryMs);
    await sendFromAll(count);
    clearInterval(cutting);
    isCalm = true;
  };
  const cutAll = (): void => {
    for (let index = sockets.count; index > 0; index--) sockets.cut(index - 1);
  };
  const fired = rules.map(() => 0);
  const countFired = (): void => {
    faultPlan.report().counts.forEach((count, index) => (fired[index]! += count.fired));
  };

  const began = Date.now();
  await sendInStorm(messages / 2);
  countFired();
  faultPlan.replace({});
  // With short tokens no connection would get old. What is being opened just now still has one, so it is cut as well.
  tokenLife = (3 * hourMs) / 1_000;
  cutAll();
  await pause(handshakeMs);
  cutAll();
  await until(() => sockets.count === publishers + subscribers);
  let closedBefore = 0;
  for (let step = 0; step < steps; step++) {
    // Something for every connection, so that none is closed as a silent one, nor met by the move within its hello.
    await sendFromAll(publishers);
    await until(() => received.every((sequences) => sequences.length >= accepted.length));
    closedBefore = sockets.closedByPeer;
    await clock.advance(stepMs);
  }
  tokenLife = tokenSeconds;
  await until(() => sockets.closedByPeer - closedBefore >= publishers + subscribers, cutMs);
  const cutForAge = sockets.closedByPeer - closedBefore;
  faultPlan.replace({ seed: seed + 1, rules });
  await sendInStorm(messages / 2 - steps * publishers);
  countFired();
  faultPlan.replace({});
  const sentMs = Date.now() - began;
  // The last cut: a client that lost the end of the channel finds it when it resumes.
  cutAll();
  await until(() => received.every((sequences) => sequences.length >= messages));
  await until(() => receiver.handled.size >= direct);
  const totalMs = Date.now() - began;

  const wanted = Array.from({ length: messages }, (_, index) => index + 1);
  const count = (test: (sequences: readonly number[]) => number): number =>
    received.reduce((sum, sequences) => sum + test(sequences), 0);
  const result = {
    seed,
    publishers,
    subscribers,
    messages,
    deliveries: count((sequences) => sequences.length),
    lost: count((sequences) => wanted.length - new Set(sequences).size),
    doubled: count((sequences) => sequences.length - new Set(sequences).size),
    out_of_order: count(
      (sequences) => sequences.filter((value, index) => value < (sequences[index - 1] ?? 0)).length,
    ),
    acknowledged: new Set(accepted).size,
    gaps: gaps.length,
    inbox: {
      messages: direct,
      crashes: receiver.crashes,
      lost: direct - receiver.handled.size,
      doubled: receiver.doubled,
      out_of_order: receiver.outOfOrder,
      repeated_after_a_crash: receiver.repeated,
    },
    cuts,
    cut_for_their_age: cutForAge,
    fired: Object.fromEntries(rules.map((rule, index) => [nameOf(rule), fired[index]])),
    reconnects,
    sent_ms: sentMs,
    total_ms: totalMs,
  };
  console.log(JSON.stringify(result, null, 2));
  const { lost, doubled, out_of_order, acknowledged, deliveries, inbox } = result;
  const isWhole = deliveries === messages * subscribers && acknowledged === messages && gaps.length === 0;
  const hasMetAll =
    cutForAge === publishers + subscribers &&
    fired.every((count) => count > 0) &&
    receiver.crashes > 0 === isThisRelease;
  const wrong = lost + doubled + out_of_order + inbox.lost + inbox.doubled + inbox.out_of_order;
  process.exitCode = isWhole && hasMetAll && wrong === 0 ? 0 : 1;
  await Promise.all([...clients, ...senders].map((client) => client.close()));
  await receiver.stop();
  await bus.stop();
}

function nameOf({ service, fault, ...rule }: (typeof rules)[number]): string {
  return [service, fault, 'when' in rule ? rule.when : ''].join(' ').trim();
}

/** Ends as well when it does not come about; the figures then say so. */
async function until(isSo: () => boolean, withinMs = patienceMs): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!isSo() && Date.now() < deadline) await pause(50);
}

/** As fast as the client takes them, with a direct message now and then. Gives the sequences of the ACKs. */
function send(
  client: sdk.PubSub,
  count: number,
  sendDirect: (client: sdk.PubSub) => Promise<void>,
): Promise<number[]> {
  const channel = client.channel('all');
  const publishing = Array.from({ length: count }, async (_, index) => {
    const sent = index % directEvery === 0 ? sendDirect(client) : undefined;
    const { sequence = 0 } = await channel.publish(index);
    await sent;
    return sequence;
  });
  return Promise.all(publishing);
}

void main(Number(positionals[0] ?? Math.floor(Math.random() * 1_000_000))).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
