/** A bus that does what the test says: it answers the page's sockets and its HTTP requests inside the browser. */
import type { Page, WebSocketRoute } from 'playwright-core';
import { ScriptedGateway } from './scripted-gateway';

export interface ScriptedAgent {
  readonly agent_id: string;
  readonly status: string;
  readonly capabilities: readonly string[];
  readonly version: number;
  readonly changed_at: string;
  readonly connections?: number;
}

interface Frame {
  readonly type: string;
  readonly id?: string;
  readonly channel_id?: string;
  readonly since?: { readonly sequence: number };
  readonly resume?: readonly { readonly channel_id: string; readonly sequence?: number }[];
}

const agentsPerPage = 100;
const epoch = 'e1';

export class ScriptedBus {
  private readonly sequences = new Map<string, number>();
  private readonly sockets = new Set<WebSocketRoute>();
  /** Channels that the page has subscribed to. */
  readonly subscribed = new Set<string>();
  /** Where it wants to begin, for those whose past it asks for. */
  readonly beginnings = new Map<string, number>();
  readonly gateway = new ScriptedGateway();
  /** Whether handshakes succeed. */
  isUp = true;
  /** Status of the answers of the HTTP API. */
  httpStatus = 200;

  constructor(
    private readonly agents: readonly ScriptedAgent[],
    readonly channels: readonly string[],
  ) {}

  async answer(page: Page): Promise<void> {
    await page.routeWebSocket(/\/ws\?/, (socket) => {
      if (!this.isUp) {
        void socket.close({ code: 1011 });
        return;
      }
      this.sockets.add(socket);
      socket.onClose(() => {
        this.sockets.delete(socket);
      });
      socket.onMessage((text) => {
        const parsed = JSON.parse(String(text)) as Frame | Frame[];
        for (const frame of [parsed].flat()) this.reply(socket, frame);
      });
    });
    await this.gateway.answer(page);
    await page.route(/\/v1\/(?:agents|channels)/, async (route) => {
      const url = new URL(route.request().url());
      if (this.httpStatus === 200) await route.fulfill({ json: this.pageOf(url) });
      else await route.fulfill({ status: this.httpStatus, json: { code: 'unavailable', detail: 'Not now' } });
    });
  }

  /** Ends every connection. */
  cut(): void {
    for (const socket of this.sockets) void socket.close({ code: 1011 });
    this.sockets.clear();
  }

  /** Posts messages of one channel to the page, as one text. */
  post(channel: string, contents: readonly unknown[], agent = 'sender'): void {
    const sentAt = Date.now() - 12 - Math.round(Math.random() * 20);
    const frames = contents.map((content) => ({
      type: 'message',
      id: `m-${Math.random().toString(36).slice(2, 10)}`,
      channel_id: channel,
      tenant_id: 'demo',
      agent_id: agent,
      content,
      metadata: {},
      timestamp: new Date(sentAt).toISOString(),
      epoch,
      sequence: this.next(channel),
    }));
    this.gateway.published(frames);
    for (const socket of this.sockets) socket.send(JSON.stringify(frames));
  }

  private next(channel: string): number {
    const sequence = (this.sequences.get(channel) ?? 0) + 1;
    this.sequences.set(channel, sequence);
    return sequence;
  }

  private reply(socket: WebSocketRoute, { type, id, channel_id = '', since, resume = [] }: Frame): void {
    const own = type === 'subscribe' ? [{ channel_id, sequence: since?.sequence }] : resume;
    for (const { channel_id: name, sequence } of own) {
      if (name === '$inbox') continue;
      this.subscribed.add(name);
      if (sequence !== undefined) this.beginnings.set(name, sequence);
    }
    const timestamp = new Date().toISOString();
    const common = { message_id: id, timestamp, channel_id };
    const position = { epoch, sequence: this.sequences.get(channel_id) ?? 0 };
    const answers: Readonly<Record<string, object>> = {
      hello: {
        type: 'WELCOME',
        message_id: id,
        timestamp,
        connection_id: 'c1',
        tenant_id: 'demo',
        agent_id: 'console-observer',
        token_expires_at: new Date(Date.now() + 3_600_000).toISOString(),
        limits: {
          frame_bytes: 32_768,
          message_bytes: 129_024,
          batch_frames: 25,
          channels: 100,
          history_messages: 1_000,
        },
        channels: [
          { channel_id: '$inbox', epoch, sequence: 0, from: 0 },
          ...resume
            .filter((entry) => entry.channel_id !== '$inbox')
            .map((entry) => ({
              channel_id: entry.channel_id,
              epoch,
              sequence: this.sequences.get(entry.channel_id) ?? 0,
            })),
        ],
      },
      subscribe: { type: 'SUBSCRIBED', ...common, ...(channel_id === '$presence' ? {} : position) },
      ping: { type: 'PONG', message_id: id, timestamp, channels: [] },
      history: { type: 'HISTORY', ...common, ...position, messages: [], gaps: [], part: 1, last: true },
    };
    const answer = answers[type];
    if (answer !== undefined) socket.send(JSON.stringify(answer));
  }

  private pageOf({ pathname, searchParams }: URL): object {
    if (pathname.endsWith('/channels')) {
      return {
        channels: this.channels.map((channel_id) => ({
          channel_id,
          epoch,
          sequence: this.sequences.get(channel_id) ?? 0,
        })),
      };
    }
    const [, one] = /\/agents\/([^/]+)$/.exec(pathname) ?? [];
    if (one !== undefined)
      return this.agents.find(({ agent_id }) => agent_id === decodeURIComponent(one)) ?? {};
    const from = Number(searchParams.get('after') ?? 0);
    const end = from + agentsPerPage;
    return {
      agents: this.agents.slice(from, end),
      ...(end < this.agents.length && { next: String(end) }),
    };
  }
}
