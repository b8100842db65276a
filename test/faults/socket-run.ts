/**
 * Random schedules over real sockets on the laptop gateway, some at a time under one fault plan, each in two tenants of
 * its own. When the faults are over, everybody comes to rest, and the promises are checked against the logs.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import WebSocket from 'ws';
import { seededRandom } from '../../gateway/faults/decisions';
import type { FaultReport } from '../../gateway/index';
import { DynamoHistoryStore } from '../../lambda/adapters/dynamo-history-store';
import type { Bus } from '../helpers/bus';
import { fresh } from '../helpers/bus';
import { check, framesOf } from './checker';
import { type Listener, ModelClient, type Wire } from './model-client';
import type { LogRowSeen, Publication, RunRecord, View, Violation } from './record';
import { type Identity, Recorder } from './recorder';
import { planFor, repeats } from './socket-plan';

const channels = ['news', 'work'];
const agents = ['a0', 'a1'];
const activeMs = 3_000;
const pingMs = 1_000;
const answerMs = 5_000;
/** How long a schedule may take to come to rest on a busy machine. */
const patienceMs = 40_000;

export interface SocketResult {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly deliveries: number;
}

/** Schedules of these seeds side by side, under the plan of the first. */
export async function runBatch(
  bus: Bus,
  seeds: readonly number[],
): Promise<{ results: SocketResult[]; report: FaultReport }> {
  const { faultPlan } = bus.inside.gateway;
  if (faultPlan === undefined) throw new Error('The bus has to be started with a fault plan');
  const plan = planFor(seeds[0] ?? 0);
  const schedules = seeds.map((seed) => new SocketSchedule(bus, seed, repeats(plan)));
  try {
    await Promise.all(schedules.map((schedule) => schedule.open()));
    faultPlan.replace(plan);
    await Promise.all(schedules.map((schedule) => schedule.live()));
    const report = faultPlan.report();
    faultPlan.replace({});
    const results = await Promise.all(schedules.map((schedule) => schedule.settle()));
    return { results, report };
  } finally {
    faultPlan.replace({});
    for (const schedule of schedules) schedule.stop();
  }
}

class SocketSchedule {
  private readonly random: () => number;
  private readonly recorder: Recorder;
  private readonly clients: {
    readonly client: ModelClient;
    readonly identity: Identity;
    readonly running: Promise<void>;
  }[] = [];
  private readonly tokens: string[] = [];
  private readonly publishing: Promise<void>[] = [];
  private readonly sockets = new Set<WebSocket>();
  private readonly firstLogLine: number;
  private deliveries = 0;

  constructor(
    private readonly bus: Bus,
    private readonly seed: number,
    private readonly mayRepeat: boolean,
  ) {
    this.random = seededRandom(seed);
    this.firstLogLine = bus.inside.log.length;
    this.recorder = new Recorder(Date.now, (_, { kind }) => {
      if (kind === 'shown') this.deliveries += 1;
    });
  }

  async open(): Promise<void> {
    for (const tenantId of [fresh('t'), fresh('u')]) {
      for (const agentId of agents) {
        // A name has no other use than to be told in a complaint.
        const identity = { name: `${tenantId} ${agentId}`, tenantId, agentId, channels };
        const token = await this.bus.token({ tenant: tenantId, agent: agentId });
        this.tokens.push(token);
        const client = new ModelClient({
          identity,
          time: { now: Date.now, sleep: (ms) => sleep(ms, undefined, { ref: false }) },
          random: this.random,
          pingMs,
          answerMs,
          dial: (listener) => this.dial(identity, token, listener),
          onView: (view) => {
            this.recorder.addView(view);
          },
        });
        this.clients.push({ client, identity, running: client.run() });
        client.follow('$inbox');
        for (const channelId of channels) if (this.random() < 0.8) client.follow(channelId);
      }
    }
    await this.until(() => this.clients.every(({ client }) => client.isConnected));
  }

  async live(): Promise<void> {
    const { random, clients } = this;
    const end = Date.now() + activeMs;
    while (Date.now() < end) {
      await sleep(random() * 400);
      const { client, identity } = clients[Math.floor(random() * clients.length)]!;
      const channelId = channels[Math.floor(random() * channels.length)] ?? '';
      const chance = random();
      if (chance < 0.5) this.publish(client, identity, { channelId });
      else if (chance < 0.65) this.publish(client, identity, { to: agents[Math.floor(random() * 2)] ?? '' });
      else if (chance < 0.8) client.drop(random() < 0.5);
      else if (chance < 0.92) client.follow(channelId);
      else client.unfollow(channelId);
    }
  }

  async settle(): Promise<SocketResult> {
    // What was begun under faults ends first, one way or another.
    await Promise.race([Promise.all(this.publishing), sleep(patienceMs, undefined, { ref: false })]);
    await this.until(() => this.clients.every(({ client }) => client.isConnected));
    this.recorder.isCalm = true;
    for (const { client, identity } of this.clients) this.publish(client, identity, { channelId: 'news' });
    await Promise.race([Promise.all(this.publishing), sleep(patienceMs, undefined, { ref: false })]);
    const record = await this.record();
    const rest = Date.now() + patienceMs;
    // Everybody gets the time that a ping and an answer take, and more while something is missing.
    while (check(record).some(({ rule }) => rule.startsWith('I6')) && Date.now() < rest) await sleep(300);
    return { seed: this.seed, violations: check(await this.record()), deliveries: this.deliveries };
  }

  stop(): void {
    for (const { client } of this.clients) client.stop();
    for (const socket of this.sockets) socket.terminate();
  }

  private publish(
    client: ModelClient,
    identity: Identity,
    target: { channelId: string } | { to: string },
  ): void {
    this.publishing.push(this.recorder.publish(client, identity, target, 8));
  }

  private dial(identity: Identity, token: string, listener: Listener): Promise<Wire> {
    const url = this.bus.url({ token });
    const socket = new WebSocket(url, ['artcafe.v1'], { perMessageDeflate: false });
    this.sockets.add(socket);
    socket.on('message', (data: Buffer) => {
      const said = data.toString();
      this.recorder.hear(identity, said);
      listener.onText(said);
    });
    socket.on('close', () => {
      this.sockets.delete(socket);
      listener.onClose();
    });
    const wire: Wire = {
      send: (said) => {
        if (socket.readyState === WebSocket.OPEN) socket.send(said);
      },
      end: (rudely) => {
        if (rudely) socket.terminate();
        else socket.close();
      },
    };
    return new Promise((resolve, reject) => {
      socket.once('open', () => {
        resolve(wire);
      });
      socket.on('error', reject);
    });
  }

  private async record(): Promise<RunRecord> {
    for (const publication of this.recorder.publications) publication.mayRepeat = this.mayRepeat;
    return {
      publications: this.recorder.publications,
      views: this.recorder.views,
      logs: await this.logs(),
      logLines: this.bus.inside.log.slice(this.firstLogLine).map(({ text }) => text),
      heard: this.recorder.heard,
      secrets: this.tokens,
      mayExpire: false,
      returned: [],
      inside: undefined,
    };
  }

  private async logs(): Promise<Map<string, LogRowSeen[]>> {
    const { gateway } = this.bus.inside;
    const client = new DynamoDBClient({
      endpoint: gateway.endpoints.dynamodb,
      region: 'us-east-1',
      credentials: { accessKeyId: 'LAPTOPGATEWAY', secretAccessKey: 'laptop' },
    });
    const documents = DynamoDBDocumentClient.from(client);
    const quiet = { info: () => undefined, error: () => undefined };
    const table = gateway.outputs.MessageTableName ?? '';
    const store = new DynamoHistoryStore(
      { calls: documents, singleAttempt: documents },
      table,
      quiet,
      10_000,
    );
    const logs = new Map<string, LogRowSeen[]>();
    for (const subject of new Set(this.recorder.publications.map((each) => each.subject))) {
      const rows: LogRowSeen[] = [];
      for await (const page of store.range(subject, { after: 0 })) rows.push(...page.map(toSeen));
      logs.set(subject, rows);
    }
    client.destroy();
    return logs;
  }

  private async until(holds: () => boolean): Promise<void> {
    const end = Date.now() + patienceMs;
    while (!holds() && Date.now() < end) await sleep(50);
  }
}

function toSeen({
  epoch,
  sequence,
  id,
  agentId,
  timestamp,
  body,
}: {
  readonly epoch: string;
  readonly sequence: number;
  readonly id: string;
  readonly agentId: string;
  readonly timestamp: number;
  readonly body: string | undefined;
}): LogRowSeen {
  const tag = body === undefined ? '' : String((JSON.parse(body) as { content: unknown }).content);
  return { epoch, sequence, id, agentId, tag, at: timestamp, isReadable: body !== undefined };
}

export type { Publication, View };
export { framesOf };
