/**
 * One vector: a client of the JavaScript SDK on a service that says only what the vector says. Names of the steps are those of
 * test/vectors/README.md.
 */
import { isDeepStrictEqual } from 'node:util';
import { type Gap, PubSub, type PubSubOptions } from '../../clients/javascript/index';
import { FakeTimers } from './fake-timers';

type Fields = Readonly<Record<string, unknown>>;

/** One member of it says which step it is. */
export interface Step {
  readonly call?: string;
  readonly as?: string;
  readonly channel?: string;
  readonly to?: string;
  readonly content?: unknown;
  readonly gives?: unknown;
  readonly limit?: number;
  readonly timeout_ms?: number;
  readonly since?: { readonly epoch: string; readonly sequence: number };
  readonly welcome?: readonly Fields[];
  readonly resume?: readonly Fields[];
  readonly sends?: readonly Fields[];
  readonly sends_nothing_ms?: number;
  readonly receives?: readonly Fields[];
  readonly receives_text?: string;
  readonly cut?: boolean;
  readonly heard?: Readonly<Record<string, readonly unknown[]>>;
  readonly gaps?: readonly Fields[];
  readonly results?: Fields;
  readonly state?: string;
}

const patienceMs = 60_000;
const welcomeFields = {
  type: 'WELCOME',
  message_id: '$hello',
  timestamp: '2026-11-24T18:00:00.000Z',
  token_expires_at: '2026-11-25T18:00:00.000Z',
  agent_id: 'me',
  tenant_id: 't',
};

/** What the client has of a connection. */
class ScriptedSocket {
  readyState = 0;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  onerror: (() => void) | null = null;

  constructor(private readonly run: VectorRun) {
    run.timers.after(1, () => {
      this.readyState = 1;
      this.onopen?.();
    });
  }

  send(text: string): void {
    this.run.texts.push([text, this]);
  }

  close(): void {
    this.readyState = 3;
  }

  drop(): void {
    this.readyState = 3;
    this.onclose?.({ code: 1006 });
  }
}

export class VectorRun {
  readonly timers = new FakeTimers();
  readonly texts: [string, ScriptedSocket][] = [];
  private readonly client: PubSub;
  private readonly names = new Map<string, unknown>();
  private readonly heard = new Map<string, unknown[]>();
  private readonly gaps: Gap[] = [];
  private readonly results = new Map<string, unknown>();
  private current: ScriptedSocket | undefined;

  constructor(options: Partial<PubSubOptions> = {}) {
    const run = this as VectorRun;
    class WebSocket extends ScriptedSocket {
      constructor() {
        super(run);
      }
    }
    this.client = new PubSub({ url: 'wss://bus', token: () => 'me', WebSocket, ...options }, this.timers);
    this.client.on('gap', (gap) => this.gaps.push(gap));
    this.client.on('error', () => undefined);
  }

  async take(step: Step): Promise<void> {
    if (step.call !== undefined) this.call(step);
    else if (step.welcome !== undefined) await this.welcome(step.welcome, step.resume);
    else if (step.sends !== undefined) await this.sends(step.sends);
    else if (step.sends_nothing_ms !== undefined) await this.sendsNothing(step.sends_nothing_ms);
    else if (step.receives !== undefined) this.receives(step.receives);
    else if (step.receives_text !== undefined) this.current?.onmessage?.({ data: step.receives_text });
    else if (step.cut !== undefined) this.current?.drop();
    else await this.compare(step);
  }

  async end(): Promise<void> {
    const closed = this.client.close();
    await this.timers.advance(10_000);
    await closed;
  }

  private async compare({ heard = {}, gaps, results = {}, state }: Step): Promise<void> {
    await this.timers.advance(5);
    for (const [name, contents] of Object.entries(heard)) expect(this.heard.get(name)).toEqual(contents);
    if (gaps !== undefined) {
      const told = this.gaps.map(({ channelId, ...gap }) => ({ channel: channelId, ...gap }));
      expect(told).toHaveLength(gaps.length);
      expect(told).toMatchObject(gaps);
    }
    for (const [name, wanted] of Object.entries(results)) {
      const result = this.results.has(name) ? this.results.get(name) : 'pending';
      if (typeof wanted === 'object' && !Array.isArray(wanted)) this.match(result, wanted);
      else expect(result).toEqual(wanted);
    }
    if (state !== undefined) expect(this.client.state).toBe(state);
  }

  private call(step: Step): void {
    const { call, as = call ?? '', channel = '', to = '', content, since, limit, timeout_ms: timeout } = step;
    const { client } = this;
    const hear = (name: string): ((message: { content: unknown }) => unknown) => {
      const contents: unknown[] = [];
      this.heard.set(name, contents);
      return (message) => contents.push(message.content);
    };
    const options = since === undefined ? {} : { since };
    const calls: Readonly<Record<string, () => unknown>> = {
      connect: () => client.connect(),
      subscribe: () => client.channel(channel).subscribe(hear(channel), options),
      inbox: () => client.inbox.subscribe(hear('$inbox')),
      publish: () => client.channel(channel).publish(content),
      send: () => client.agent(to).send(content),
      request: () => client.agent(to).request(content, timeout === undefined ? {} : { timeout }),
      on_request: () => {
        client.onRequest(() => step.gives);
      },
      history: async () => {
        const contents: unknown[] = [];
        for await (const message of client.channel(channel).history(limit === undefined ? {} : { limit }))
          contents.push(message.content);
        return contents;
      },
    };
    void Promise.resolve(calls[String(call)]?.()).then(
      (result) => this.results.set(as, result),
      (error: unknown) => this.results.set(as, error),
    );
  }

  private async welcome(channels: readonly Fields[], resume?: readonly Fields[]): Promise<void> {
    await this.sends([{ type: 'hello', id: '$hello', ...(resume === undefined ? {} : { resume }) }]);
    this.receives([{ ...welcomeFields, channels }]);
    await this.timers.advance(1);
    this.names.delete('$hello');
  }

  private async sends(patterns: readonly Fields[]): Promise<void> {
    for (let waited = 0; this.texts.length === 0; waited += 10) {
      if (waited > patienceMs) throw new Error('The client has sent nothing');
      await this.timers.advance(10);
    }
    const [text, socket] = this.texts.shift()!;
    this.current = socket;
    this.match([JSON.parse(text)].flat(), patterns);
  }

  private async sendsNothing(ms: number): Promise<void> {
    await this.timers.advance(ms);
    expect(this.texts).toEqual([]);
  }

  private receives(frames: readonly Fields[]): void {
    const named = this.withNames(frames) as readonly Fields[];
    this.current?.onmessage?.({ data: JSON.stringify(named.length === 1 ? named[0] : named) });
  }

  /** Fields that the pattern does not list may be anything, `null` must be absent, and names take values. */
  private match(value: unknown, pattern: unknown): void {
    if (typeof pattern === 'string' && pattern.startsWith('$') && pattern !== '$inbox') {
      if (!this.names.has(pattern)) this.names.set(pattern, value);
      expect(value).toEqual(this.names.get(pattern));
    } else if (Array.isArray(pattern)) {
      expect(value).toHaveLength(pattern.length);
      for (const [index, each] of pattern.entries()) this.match((value as unknown[])[index], each);
    } else if (pattern === null) expect(value).toBeUndefined();
    else if (typeof pattern === 'object') {
      for (const [name, each] of Object.entries(pattern as Fields)) this.match((value as Fields)[name], each);
    } else if (!isDeepStrictEqual(value, pattern))
      throw new Error(`${JSON.stringify(value)} instead of ${JSON.stringify(pattern)}`);
  }

  private withNames(value: unknown): unknown {
    if (typeof value === 'string') return this.names.get(value) ?? value;
    if (Array.isArray(value)) return value.map((each) => this.withNames(each));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, this.withNames(each)]));
  }
}
