/** `artcafe tail`: prints the messages of all channels of a tenant, also of those that begin later, until Ctrl-C. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Message, PubSub } from '@artcafe/pubsub';
import type { Command } from 'commander';
import { clientFor, connectMs, type Who } from '../context/client';
import { type ChannelHead, channelsOf } from '../context/http-api';
import { examples, integer, whoOptions } from '../options';
import type { Io } from '../output/io';
import { explain } from '../output/exit-codes';
import { Printer } from '../output/printer';
import { reportLosses } from './subscribe';

/** Of one connection (docs/limits.md). */
const channelsPerConnection = 100;
const most = 1_000;
/** From the beginning of one listing to that of the next; one is 40 pages at most. */
const pollMs = 10_000;

interface Options extends Who {
  readonly limit?: number;
}

export function addTail(program: Command, io: Io): void {
  const command = program
    .command('tail')
    .description(`print the messages of all channels of the tenant, up to ${most}, until Ctrl-C`)
    .option('--limit <number>', 'end after this many messages', integer);
  examples(whoOptions(command), 'artcafe tail', 'artcafe tail --tenant acme --json | jq .content').action(
    (options: Options) => new Tail(options, io).run(),
  );
}

class Tail {
  private readonly printer: Printer;
  private readonly read = new Set<string>();
  private readonly clients: PubSub[] = [];
  private readonly end = new AbortController();
  private readonly ended: AbortSignal;
  private printed = 0;
  private listedAt = 0;
  private isFull = false;

  constructor(
    private readonly options: Options,
    private readonly io: Io,
  ) {
    this.printer = new Printer(io, options.json ?? false);
    this.ended = AbortSignal.any([io.interrupted, this.end.signal]);
  }

  async run(): Promise<void> {
    try {
      // Before the first listing is what there was; a channel that a later one shows is new, and read from its beginning.
      await this.readNew(false);
      this.printer.progress(`${this.read.size} channels. Ctrl-C ends.`);
      while (await this.isStillWanted()) await this.readNew(true).catch(this.report);
    } finally {
      await Promise.all(this.clients.map((client) => client.close()));
    }
  }

  /** A listing that fails is tried again with the next one; what is followed goes on. */
  private readonly report = (error: unknown): void => {
    if (!this.ended.aborted) this.io.complain(`New channels are not seen: ${explain(error).text}\n`);
  };

  private isStillWanted(): Promise<boolean> {
    const wait = Math.max(0, this.listedAt + pollMs - performance.now());
    return pause(wait, true, { signal: this.ended }).catch(() => false);
  }

  private async readNew(fromBeginning: boolean): Promise<void> {
    this.listedAt = performance.now();
    const heads: ChannelHead[] = [];
    for await (const head of channelsOf(this.asObserver, this.io)) {
      if (this.read.has(head.channel_id)) continue;
      if (this.read.size + heads.length >= most) {
        this.sayFull();
        break;
      }
      heads.push(head);
    }
    while (heads.length > 0) {
      const room = channelsPerConnection - (this.read.size % channelsPerConnection);
      const client = room < channelsPerConnection ? this.clients.at(-1) : undefined;
      const group = heads.splice(0, room);
      for (const { channel_id: name } of group) this.read.add(name);
      await this.follow(client ?? (await this.newClient()), group, fromBeginning);
    }
  }

  private sayFull(): void {
    if (!this.isFull) this.io.complain(`There are more than ${most} channels; the others are not shown.\n`);
    this.isFull = true;
  }

  /** Before the client connects, so that its first frame asks for all of them. */
  private async follow(client: PubSub, heads: readonly ChannelHead[], fromBeginning: boolean): Promise<void> {
    const subscribed = heads.map(({ channel_id: name, epoch }) =>
      client.channel(name).subscribe(
        (message: Message) => {
          this.print(name, message);
        },
        fromBeginning ? { since: { epoch, sequence: 0 } } : {},
      ),
    );
    await Promise.all([client.connect({ timeout: connectMs, signal: this.ended }), ...subscribed]);
  }

  private async newClient(): Promise<PubSub> {
    const client = await clientFor(this.asObserver, this.io, { observer: true });
    this.clients.push(client);
    reportLosses(client, this.io);
    client.on('state', ({ state, error }) => {
      if (state !== 'closed' || error === undefined) return;
      this.io.complain(`${error.message}\n`);
      this.end.abort();
    });
    return client;
  }

  private print(name: string, message: Message): void {
    const { limit = Infinity } = this.options;
    if (this.printed >= limit) return;
    this.printed += 1;
    this.printer.message(message, name);
    if (this.printed >= limit) this.end.abort();
  }

  /** Reads the whole tenant, and nobody sees it come. */
  private get asObserver(): Who {
    return { role: 'observer', ...this.options };
  }
}
