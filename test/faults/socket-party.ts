/**
 * Clients on real sockets of the laptop gateway, and the record of what they lived through.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import WebSocket from 'ws';
import type { StoredRow } from '../../lambda/shared/stores/history-store';
import type { Bus } from '../helpers/bus';
import { logsOf } from '../helpers/logs';
import { check } from './checker';
import { type Listener, ModelClient, type Wire } from './model-client';
import type { LogRowSeen, RunRecord, Violation } from './record';
import { type Identity, Recorder, type Target } from './recorder';

/** How long it may take to come to rest on a busy machine. */
const patienceMs = 120_000;

export interface Member {
  readonly client: ModelClient;
  readonly identity: Identity;
}

export class SocketParty {
  readonly members: Member[] = [];
  readonly recorder: Recorder;
  deliveries = 0;
  private readonly tokens: string[] = [];
  private readonly publishing: Promise<void>[] = [];
  private readonly sockets = new Set<WebSocket>();
  private readonly firstLogLine: number;

  constructor(
    private readonly bus: Bus,
    private readonly random: () => number,
    private readonly pingMs: number,
    /** How long an answer may take before a client asks again. */
    private readonly answerMs = 5_000,
  ) {
    this.firstLogLine = bus.inside.log.length;
    this.recorder = new Recorder(Date.now, (_, { kind }) => {
      if (kind === 'shown') this.deliveries += 1;
    });
  }

  async add(tenantId: string, agentId: string, channels: readonly string[]): Promise<Member> {
    const identity = { name: `${tenantId} ${agentId}`, tenantId, agentId, channels };
    const token = await this.bus.token({ tenant: tenantId, agent: agentId });
    this.tokens.push(token);
    const client = new ModelClient({
      identity,
      time: { now: Date.now, sleep: (ms) => sleep(ms, undefined, { ref: false }) },
      random: this.random,
      pingMs: this.pingMs,
      answerMs: this.answerMs,
      dial: (listener) => this.dial(identity, token, listener),
      onView: (view) => {
        this.recorder.addView(view);
      },
    });
    void client.run();
    client.follow('$inbox');
    const member = { client, identity };
    this.members.push(member);
    return member;
  }

  publish({ client, identity }: Member, target: Target, maxAttempts = 8): void {
    this.publishing.push(this.recorder.publish(client, identity, target, maxAttempts));
  }

  /** Everybody is connected; gives up after a while. */
  connected(): Promise<void> {
    return this.until(() => this.members.every(({ client }) => client.isConnected));
  }

  /** What was begun has ended, one way or another. */
  async published(): Promise<void> {
    await Promise.race([Promise.all(this.publishing), sleep(patienceMs, undefined, { ref: false })]);
  }

  /** No fault is left: everybody comes back, says a last word, and gets what there is. */
  async settle(channelId: string): Promise<Violation[]> {
    await this.published();
    await this.connected();
    this.recorder.isCalm = true;
    // As often as there is time: nothing stands in the way any more but a busy machine.
    for (const member of this.members) this.publish(member, { channelId }, Infinity);
    await this.published();
    const rest = Date.now() + patienceMs;
    const record = await this.record();
    // Everybody gets the time that a ping and an answer take, and more while something is missing.
    while (check(record).some(({ rule }) => rule.startsWith('I6')) && Date.now() < rest) await sleep(300);
    return check(await this.record());
  }

  stop(): void {
    for (const { client } of this.members) client.stop();
    for (const socket of this.sockets) socket.terminate();
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
    return {
      publications: this.recorder.publications,
      views: this.recorder.views,
      logs: await this.logs(),
      logLines: this.bus.inside.log.slice(this.firstLogLine).map(({ text }) => text),
      received: this.recorder.received,
      secrets: this.tokens,
      mayExpire: false,
      returned: [],
      inside: undefined,
    };
  }

  private async logs(): Promise<Map<string, LogRowSeen[]>> {
    const { store, close } = logsOf(this.bus.inside.gateway);
    const logs = new Map<string, LogRowSeen[]>();
    for (const subject of new Set(this.recorder.publications.map((each) => each.subject))) {
      const rows: LogRowSeen[] = [];
      for await (const page of store.range(subject, { after: 0 })) rows.push(...page.map(toSeen));
      logs.set(subject, rows);
    }
    close();
    return logs;
  }

  private async until(holds: () => boolean): Promise<void> {
    const end = Date.now() + patienceMs;
    while (!holds() && Date.now() < end) await sleep(50);
  }
}

function toSeen({ epoch, sequence, id, agentId, timestamp, body }: StoredRow): LogRowSeen {
  const tag = body === undefined ? '' : String((JSON.parse(body) as { content: unknown }).content);
  return { epoch, sequence, id, agentId, tag, at: timestamp, isReadable: body !== undefined };
}
