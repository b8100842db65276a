/**
 * An agent that gets direct messages while its processes crash: each one registers its handler late, and ends without a word.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Message, PubSub } from '../../clients/javascript/index';
import { CuttableWebSocket } from '../helpers/cuttable-web-socket';

/** From the call of `connect` to the handler. */
const lateMs = 1_500;
/** A handler's work, so that some of it is under way at a crash. */
const workMs = 3;

interface Life {
  readonly client: PubSub;
  readonly sockets: CuttableWebSocket;
  readonly sequences: number[];
  isKilled: boolean;
}

export class InboxReceiver {
  crashes = 0;
  /** Contents that some process has handled. */
  readonly handled = new Set<unknown>();
  private readonly lives: Life[] = [];

  constructor(
    private readonly createClient: (WebSocket: CuttableWebSocket['WebSocket']) => PubSub,
    private readonly losesText: () => boolean,
  ) {}

  /** Resolves when the new process is connected. */
  async start(): Promise<void> {
    const sockets = new CuttableWebSocket(() => life.isKilled || this.losesText());
    const { WebSocket } = sockets;
    const isKilled = (): boolean => life.isKilled;
    const client = this.createClient(
      class extends WebSocket {
        constructor(url: string, protocols?: string[]) {
          if (isKilled()) throw new Error('The process is not there any more');
          super(url, protocols);
        }
      },
    );
    const life: Life = { client, sockets, sequences: [], isKilled: false };
    this.lives.push(life);
    const connecting = client.connect();
    connecting.catch(() => undefined);
    void pause(lateMs).then(() => {
      if (life.isKilled) return;
      client.inbox.subscribe((message) => this.handle(life, message)).catch(() => undefined);
    });
    await connecting;
  }

  /** The last process ends, without a closing handshake, and the next one starts. */
  crash(): void {
    this.crashes += 1;
    const life = this.lives.at(-1);
    if (life !== undefined) {
      life.isKilled = true;
      life.sockets.cut();
      // It would go on trying to connect.
      void life.client.close().catch(() => undefined);
    }
    void this.start().catch(() => undefined);
  }

  cut(): void {
    this.lives.at(-1)?.sockets.cut();
  }

  get doubled(): number {
    return this.sum(({ sequences }) => sequences.length - new Set(sequences).size);
  }

  get outOfOrder(): number {
    return this.sum(
      ({ sequences }) => sequences.filter((value, index) => value < (sequences[index - 1] ?? 0)).length,
    );
  }

  /** Messages that came again to a process after another one had handled them. */
  get repeated(): number {
    const all = this.lives.flatMap(({ sequences }) => sequences);
    return all.length - new Set(all).size - this.doubled;
  }

  async stop(): Promise<void> {
    await Promise.all(this.lives.map(({ client }) => client.close()));
  }

  private async handle(life: Life, { content, sequence = 0 }: Message): Promise<void> {
    if (life.isKilled) return new Promise(() => undefined);
    life.sequences.push(sequence);
    await pause(workMs);
    this.handled.add(content);
  }

  private sum(of: (life: Life) => number): number {
    return this.lives.reduce((total, life) => total + of(life), 0);
  }
}
