/**
 * A service in memory that speaks level 1, for tests of the client: as well behaved as can be until it is told otherwise.
 * Its WebSocket class is handed to the client; every frame takes its time on a clock that tests move.
 */
import { limits } from '../../protocol/limits';
import { reservedChannels } from '../../protocol/names';
import type { Timers } from '../../clients/javascript/shared/timers';

type Frame = Record<string, unknown>;

export interface Row {
  readonly epoch: string;
  readonly sequence: number;
  readonly message: Frame;
}

interface Logger {
  epoch: string;
  rows: Row[];
}

/** What may go wrong. Each is asked each time; none by default. */
export interface Faults {
  /** Milliseconds that a text takes; different ones make them overtake each other. */
  delay(): number;
  losesPost(): boolean;
  doublesPost(): boolean;
  losesAnswer(): boolean;
  /** Refuses a message: `lost` before it is written, `written` after that. */
  failsPublish(): 'lost' | 'written' | undefined;
  /** The platform runs an invocation twice: the log has the message in two places. */
  doublesRow(): boolean;
}

const wellBehaved: Faults = {
  delay: () => 1,
  losesPost: () => false,
  doublesPost: () => false,
  losesAnswer: () => false,
  failsPublish: () => undefined,
  doublesRow: () => false,
};

const inbox = reservedChannels.inbox;

export class FakeServer {
  faults: Faults = wellBehaved;
  /** Status of the next handshakes; `undefined` opens. */
  refuse: number | undefined;
  /** How long tokens live. */
  tokenLifeMs = 86_400_000;
  /** Handshakes so far, refused ones too. */
  handshakes = 0;
  /** Text messages of clients. */
  readonly texts: string[] = [];
  /** Called when a client has got a text. */
  heard: (socket: FakeSocket) => void = () => undefined;
  /** Answers of your own: give a frame, `'silence'`, or `undefined` for the usual. */
  script: (frame: Frame, socket: FakeSocket) => Frame | 'silence' | undefined = () => undefined;
  readonly sockets = new Set<FakeSocket>();
  /** Whether it keeps what is handled, and names where a replay begins; false for a service from before that. */
  keepsHandled = true;
  /** Whether each frame is a text of its own. */
  splits = false;
  /** By agent: up to where its inbox is handled. */
  readonly handled = new Map<string, number>();
  /** By agent: the first direct message that met no connection. */
  private readonly missed = new Map<string, number>();
  /** Channels that no token allows. */
  readonly forbidden = new Set<string>();
  readonly logs = new Map<string, Logger>();
  readonly WebSocket;

  constructor(readonly timers: Timers) {
    const server = this as FakeServer;
    this.WebSocket = class extends FakeSocket {
      constructor(url: string) {
        super(url, server);
      }
    };
  }

  /** Frames of clients, of one type or all. */
  frames(type?: string): Frame[] {
    const all = this.texts.flatMap(framesIn);
    return type === undefined ? all : all.filter((frame) => frame.type === type);
  }

  log(key: string): Logger {
    const log = this.logs.get(key) ?? { epoch: `epoch-of-${key}`, rows: [] };
    this.logs.set(key, log);
    return log;
  }

  /** Cuts a connection as a lost network does: nobody is told but by the end of the socket. */
  cut(socket: FakeSocket | undefined): void {
    socket?.drop();
  }

  /** Somebody else publishes. */
  publish(channel: string, content: unknown, fields: Frame = {}): Row {
    const { agent_id = 'somebody', ...rest } = fields;
    return this.accept({ id: crypto.randomUUID(), content, channel_id: channel, ...rest }, String(agent_id));
  }

  /** Puts a message into its log and posts it to whom it concerns. */
  accept(frame: Frame, agentId: string, from?: FakeSocket): Row {
    const { to, channel_id, ephemeral, echo, retry, ...rest } = frame;
    const key = typeof to === 'string' ? `${inbox}/${to}` : String(channel_id);
    const log = this.log(key);
    const first = retry === true ? this.firstOf(frame, agentId) : undefined;
    if (first !== undefined) return first;
    const sequence = (log.rows.at(-1)?.sequence ?? 0) + 1;
    const timestamp = new Date(this.timers.now()).toISOString();
    const place = ephemeral === true ? {} : { sequence, epoch: log.epoch };
    const about = to === undefined ? { channel_id } : { to };
    const isRequest = to !== undefined && frame.expects_reply === true;
    const expiry =
      isRequest && typeof frame.timeout_ms === 'number'
        ? { expires_at: new Date(this.timers.now() + frame.timeout_ms).toISOString() }
        : {};
    const message = {
      type: 'message',
      metadata: {},
      ...rest,
      tenant_id: 't',
      agent_id: agentId,
      timestamp,
      ...expiry,
      ...about,
      ...place,
    };
    const row = { sequence, epoch: log.epoch, message };
    if (ephemeral !== true) log.rows.push(row);
    if (typeof to === 'string' && ![...this.sockets].some(({ agentId }) => agentId === to))
      this.missed.set(to, Math.min(sequence, this.missed.get(to) ?? sequence));
    for (const socket of this.sockets) {
      const isFor = typeof to === 'string' ? socket.agentId === to : socket.channels.has(String(channel_id));
      const wantsEcho = echo ?? from?.echo ?? true;
      if (!isFor || (socket === from && wantsEcho === false)) continue;
      if (!this.faults.losesPost()) socket.post(message);
      if (this.faults.doublesPost()) socket.post(message);
    }
    return row;
  }

  /** The row that a message with this id has already. */
  private firstOf({ to, channel_id, id }: Frame, agentId: string): Row | undefined {
    const { rows } = this.log(typeof to === 'string' ? `${inbox}/${to}` : String(channel_id));
    return rows.find(({ message }) => message.id === id && message.agent_id === agentId);
  }

  receive(socket: FakeSocket, text: string): void {
    this.texts.push(text);
    const answers = framesIn(text).flatMap((frame) => this.answer(socket, frame));
    if (answers.length === 0 || this.faults.losesAnswer()) return;
    if (this.splits) for (const answer of answers) socket.post(answer);
    else socket.post(answers.length === 1 ? answers[0]! : answers);
  }

  private answer(socket: FakeSocket, frame: Frame): Frame[] {
    const scripted = this.script(frame, socket);
    if (scripted === 'silence') return [];
    const about = { message_id: frame.id, timestamp: new Date(this.timers.now()).toISOString() };
    if (scripted !== undefined) return [{ ...about, ...scripted }];
    const channelId = String(frame.channel_id);
    switch (frame.type) {
      case 'hello': {
        const resume = frame.resume as Frame[];
        const asked = [
          ...resume,
          ...(resume.some(({ channel_id }) => channel_id === inbox) ? [] : [{ channel_id: inbox }]),
        ];
        const states = asked.map((since) =>
          since.channel_id === inbox ? this.resumeInbox(socket, since) : this.subscribe(socket, since),
        );
        return [
          {
            type: 'WELCOME',
            ...about,
            agent_id: socket.agentId,
            tenant_id: 't',
            token_expires_at: new Date(socket.expiresAt).toISOString(),
            channels: states.map(({ state }) => state),
          },
          ...states.flatMap(({ replay }) => replay),
        ];
      }
      case 'subscribe': {
        const others = [...socket.channels].filter((name) => name !== inbox && name !== channelId);
        if (others.length >= limits.channels)
          return [{ type: 'ERROR', ...about, code: 'limit_exceeded', error: `${limits.channels} channels` }];
        const { state, replay } = this.subscribe(socket, {
          ...(frame.since as Frame | undefined),
          channel_id: channelId,
        });
        if (state.sequence === undefined)
          return [{ type: 'ERROR', ...about, code: 'forbidden', error: 'no' }];
        return [{ type: 'SUBSCRIBED', ...about, ...state }, ...replay];
      }
      case 'unsubscribe':
        socket.channels.delete(channelId);
        return [{ type: 'UNSUBSCRIBED', ...about, channel_id: channelId }];
      case 'history':
        return [this.history(socket, frame, about)];
      case 'ping': {
        for (const { handled } of frame.channels as Frame[]) this.keep(socket, handled);
        const moved = (frame.channels as Frame[])
          .map(({ channel_id, ...since }) => ({
            channel_id,
            since,
            head: this.head(socket, String(channel_id)),
          }))
          .filter(({ since, head }) => since.sequence !== head.sequence || since.epoch !== head.epoch);
        return [
          {
            type: 'PONG',
            ...about,
            channels: moved.map(({ channel_id, head }) => ({ channel_id, ...head })),
          },
        ];
      }
      case 'presence':
        return [{ type: 'PRESENCE', ...about, agents: [] }];
      default:
        return this.published(socket, frame, about);
    }
  }

  private published(socket: FakeSocket, frame: Frame, about: Frame): Frame[] {
    const failure = this.faults.failsPublish();
    const refused = { type: 'ERROR', ...about, code: 'unavailable', error: 'not now', retry_after_ms: 100 };
    if (failure === 'lost') return [refused];
    const nobody =
      frame.expects_reply === true && ![...this.sockets].some(({ agentId }) => agentId === frame.to);
    if (nobody) return [{ type: 'ERROR', ...about, code: 'no_responders', error: 'nobody' }];
    const isKnown = frame.retry === true && this.firstOf(frame, socket.agentId) !== undefined;
    const { sequence, epoch, message } = this.accept(frame, socket.agentId, socket);
    if (frame.ephemeral !== true && this.faults.doublesRow())
      this.accept({ ...frame, retry: false }, socket.agentId, socket);
    if (failure === 'written') return [refused];
    const place = frame.ephemeral === true ? {} : { sequence, epoch };
    const status = isKnown ? 'duplicate' : 'accepted';
    return [{ type: 'ACK', message_id: frame.id, timestamp: message.timestamp, status, ...place }];
  }

  private subscribe(
    socket: FakeSocket,
    { channel_id, epoch, sequence }: Frame,
  ): { state: Frame; replay: Frame[] } {
    const channelId = String(channel_id);
    if (this.forbidden.has(channelId)) {
      return { state: { channel_id, recovered: false, reason: 'forbidden' }, replay: [] };
    }
    socket.channels.add(channelId);
    const head = this.head(socket, channelId);
    if (epoch === undefined) return { state: { channel_id, ...head }, replay: [] };
    const log = this.log(keyOf(socket, channelId));
    const since = Number(sequence);
    const isNext = log.rows.some((row) => row.sequence === since + 1);
    const reason =
      log.epoch !== epoch ? 'epoch_changed' : since !== head.sequence && !isNext ? 'expired' : undefined;
    if (reason !== undefined) return { state: { channel_id, ...head, recovered: false, reason }, replay: [] };
    const rows = log.rows.filter((row) => row.sequence > since);
    const replay = rows.map(({ message }) => ({ ...message, replayed: true }));
    const end = { type: 'REPLAYED', channel_id, ...head, complete: true };
    return {
      state: { channel_id, ...head, recovered: true },
      replay: rows.length === 0 ? [] : [...replay, end],
    };
  }

  private resumeInbox(socket: FakeSocket, entry: Frame): { state: Frame; replay: Frame[] } {
    const { agentId } = socket;
    const { state, replay } = this.subscribe(socket, entry);
    const head = Number(state.sequence);
    const missed = (this.missed.get(agentId) ?? head + 1) - 1;
    this.missed.delete(agentId);
    if (entry.handled !== undefined && !this.handled.has(agentId)) this.handled.set(agentId, missed);
    this.keep(socket, entry.handled);
    const kept = this.keepsHandled && entry.handled !== undefined ? this.handled.get(agentId)! : head;
    const from = state.recovered === true ? Number(entry.sequence) : Math.min(missed, kept);
    const rows = this.log(keyOf(socket, inbox)).rows.filter(({ sequence }) => sequence > from);
    const end = { type: 'REPLAYED', channel_id: inbox, epoch: state.epoch, sequence: head, complete: true };
    const all = [...rows.map(({ message }) => ({ ...message, replayed: true })), end];
    return {
      state: this.keepsHandled ? { ...state, from } : state,
      replay: state.recovered === true ? replay : rows.length > 0 ? all : [],
    };
  }

  /** Raises what is handled. */
  private keep({ agentId }: FakeSocket, handled: unknown): void {
    const { sequence } = (handled ?? {}) as { sequence?: number };
    if (sequence === undefined) return;
    this.handled.set(agentId, Math.max(sequence, this.handled.get(agentId) ?? 0));
  }

  private history(socket: FakeSocket, frame: Frame, about: Frame): Frame {
    const channelId = String(frame.channel_id);
    const log = this.log(keyOf(socket, channelId));
    const { after, before, limit = 100 } = frame as { after?: Frame; before?: Frame; limit?: number };
    const since = Number(after?.sequence);
    const isHead = since === (log.rows.at(-1)?.sequence ?? 0);
    const isGone = after !== undefined && !isHead && !log.rows.some(({ sequence }) => sequence === since + 1);
    if (after !== undefined && (after.epoch !== log.epoch || isGone)) {
      return { type: 'ERROR', ...about, code: 'not_recoverable', error: 'gone' };
    }
    const fitting = log.rows.filter(({ sequence }) =>
      after === undefined ? sequence < Number(before?.sequence ?? Infinity) : sequence > since,
    );
    const page = after === undefined ? fitting.slice(-limit) : fitting.slice(0, limit);
    const end = after === undefined ? page[0] : page.at(-1);
    const next =
      page.length < fitting.length && end !== undefined
        ? { epoch: log.epoch, sequence: end.sequence }
        : undefined;
    const messages = page.map(({ message }) => ({ ...message, replayed: true }));
    return {
      type: 'HISTORY',
      ...about,
      channel_id: channelId,
      ...this.head(socket, channelId),
      messages,
      part: 1,
      last: true,
      next,
    };
  }

  private head(socket: FakeSocket, channelId: string): { epoch: string; sequence: number } {
    const log = this.log(keyOf(socket, channelId));
    return { epoch: log.epoch, sequence: log.rows.at(-1)?.sequence ?? 0 };
  }
}

function framesIn(text: string): Frame[] {
  const value: unknown = JSON.parse(text);
  return Array.isArray(value) ? (value as Frame[]) : [value as Frame];
}

function keyOf(socket: FakeSocket, channelId: string): string {
  return channelId === inbox ? `${inbox}/${socket.agentId}` : channelId;
}

/** As the browser's, as far as the client goes. The token is the agent's name. */
export class FakeSocket {
  readyState = 0;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  onerror: ((event: { message?: string }) => void) | null = null;
  readonly agentId: string;
  readonly echo: boolean;
  readonly channels = new Set<string>();
  readonly expiresAt: number;
  /** Nothing goes in or out, and nobody says so. */
  isSilent = false;

  constructor(
    readonly url: string,
    private readonly server: FakeServer,
  ) {
    const query = new URL(url).searchParams;
    this.agentId = query.get('token') ?? '';
    this.echo = query.get('echo') !== 'false';
    this.expiresAt = server.timers.now() + server.tokenLifeMs;
    server.timers.after(server.faults.delay(), () => {
      server.handshakes += 1;
      if (this.readyState !== 0) return;
      if (server.refuse !== undefined) {
        this.onerror?.({ message: `Unexpected server response: ${server.refuse}` });
        this.drop(1006);
        return;
      }
      this.readyState = 1;
      server.sockets.add(this);
      this.onopen?.();
    });
  }

  send(text: string): void {
    if (this.readyState !== 1) throw new Error('not open');
    this.server.timers.after(this.server.faults.delay(), () => {
      if (this.readyState === 1 && !this.isSilent) this.server.receive(this, text);
    });
  }

  close(): void {
    this.drop(1000);
  }

  /** The server sends a frame, or several in one text. */
  post(frames: Frame | Frame[]): void {
    const text = JSON.stringify(frames);
    this.server.timers.after(this.server.faults.delay(), () => {
      if (this.readyState !== 1 || this.isSilent) return;
      this.onmessage?.({ data: text });
      this.server.heard(this);
    });
  }

  drop(code = 1006): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.server.sockets.delete(this);
    this.server.timers.after(0, () => this.onclose?.({ code }));
  }
}
