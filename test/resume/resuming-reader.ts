/**
 * A client of level 1 in its smallest form: knows where it stands in each channel, puts what comes into order, and asks
 * for what is missing. Its socket can be cut at any time.
 */
import WebSocket from 'ws';

export interface Position {
  readonly epoch: string;
  readonly sequence: number;
}

interface Frame extends Position {
  readonly type: string;
  readonly id: string;
  readonly channel_id: string;
  readonly recovered?: boolean;
  readonly complete?: boolean;
  readonly channels: readonly Frame[];
  readonly messages: readonly Frame[];
  readonly next?: Position;
}

interface Channel {
  position: Position;
  /** What has come before its turn, by sequence. */
  readonly early: Map<number, string>;
  /** Ids in the order in which they were handed on. */
  readonly seen: string[];
}

export class ResumingReader {
  /** How often a message came that had been handed on before. */
  repeated = 0;
  /** Positions that could not be continued from, and gaps: there must be none. */
  readonly losses: string[] = [];
  private readonly channels = new Map<string, Channel>();
  private socket: WebSocket | undefined;
  private questions = 0;

  /** `start`: where the reader stands in each channel. */
  constructor(
    private readonly url: () => Promise<string>,
    start: ReadonlyMap<string, Position>,
  ) {
    for (const [name, position] of start) this.channels.set(name, { position, early: new Map(), seen: [] });
  }

  seen(channel: string): readonly string[] {
    return this.channels.get(channel)?.seen ?? [];
  }

  position(channel: string): Position | undefined {
    return this.channels.get(channel)?.position;
  }

  /** Connects and resumes. Resolves with the WELCOME, or at once when the socket is cut before it. */
  async connect(): Promise<void> {
    const socket = new WebSocket(await this.url(), { perMessageDeflate: false });
    this.socket = socket;
    await new Promise<void>((resolve) => {
      socket.on('error', () => {
        resolve();
      });
      socket.on('close', () => {
        resolve();
      });
      socket.on('open', () => {
        const resume = [...this.channels].map(([channel_id, { position }]) => ({ channel_id, ...position }));
        socket.send(JSON.stringify({ type: 'hello', resume }));
      });
      socket.on('message', (data: Buffer) => {
        const read = JSON.parse(data.toString()) as Frame | readonly Frame[];
        for (const frame of Array.isArray(read) ? (read as readonly Frame[]) : [read as Frame]) {
          this.take(socket, frame);
          if (frame.type === 'WELCOME') resolve();
        }
      });
    });
  }

  cut(): void {
    this.socket?.terminate();
  }

  /** Asks where the channels are; the answer to what has moved is a page of history. */
  ask(): void {
    const channels = [...this.channels].map(([channel_id, { position }]) => ({ channel_id, ...position }));
    this.send(this.socket, { type: 'ping', channels });
  }

  private take(socket: WebSocket, frame: Frame): void {
    switch (frame.type) {
      case 'WELCOME':
        for (const { channel_id, recovered } of frame.channels) {
          if (recovered === false) this.losses.push(`${channel_id} not recovered`);
        }
        return;
      case 'REPLAYED':
        if ('gaps' in frame) this.losses.push(`${frame.channel_id} has gaps`);
        if (frame.complete !== true) this.askForRest(socket, frame.channel_id);
        return;
      case 'HISTORY':
        for (const message of frame.messages) this.takeMessage(message);
        if ('gaps' in frame) this.losses.push(`${frame.channel_id} has gaps`);
        if (frame.next !== undefined) this.askForRest(socket, frame.channel_id);
        return;
      case 'PONG':
        for (const { channel_id } of frame.channels) this.askForRest(socket, channel_id);
        return;
      case 'ERROR':
        this.losses.push(JSON.stringify(frame));
        return;
      default:
        this.takeMessage(frame);
    }
  }

  private takeMessage({ channel_id, sequence, epoch, id }: Frame): void {
    const channel = this.channels.get(channel_id);
    if (channel === undefined) return;
    if (epoch !== channel.position.epoch && channel.position.sequence > 0) {
      this.losses.push(`${channel_id} has changed its epoch`);
      return;
    }
    if (sequence <= channel.position.sequence) {
      this.repeated += 1;
      return;
    }
    channel.early.set(sequence, id);
    for (;;) {
      const next = channel.position.sequence + 1;
      const due = channel.early.get(next);
      if (due === undefined) return;
      channel.early.delete(next);
      channel.seen.push(due);
      channel.position = { epoch, sequence: next };
    }
  }

  private askForRest(socket: WebSocket, channel_id: string): void {
    const after = this.channels.get(channel_id)?.position;
    if (after !== undefined) this.send(socket, { type: 'history', channel_id, after });
  }

  private send(socket: WebSocket | undefined, frame: object): void {
    if (socket?.readyState !== WebSocket.OPEN) return;
    socket.send(JSON.stringify({ id: `q${(this.questions += 1)}`, ...frame }));
  }
}
