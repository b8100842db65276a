/** A bus with many channels, as far as `tail` asks it: lists them page by page, and takes connections that follow them. Not a test itself. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

export interface WideTenant {
  readonly url: string;
  /** Channels that connections follow. */
  readonly followed: () => readonly string[];
  readonly connections: () => number;
  /** Resolves when all channels have been listed that often. */
  readonly hasListed: (times: number) => Promise<void>;
  readonly post: (channel: string, content: string) => void;
  readonly close: () => void;
}

interface ClientFrame {
  readonly type: string;
  readonly id?: string;
  readonly channel_id?: string;
  readonly resume?: readonly { readonly channel_id: string }[];
}

const perPage = 25;
const timestamp = '2026-11-29T12:00:00.000Z';

export async function tenantOf(names: readonly string[]): Promise<WideTenant> {
  const followers = new Map<string, WebSocket>();
  const waiting = new Set<() => void>();
  let listed = 0;

  const server = createServer((request, response) => {
    const first = Number(new URL(request.url ?? '/', 'http://bus').searchParams.get('after') ?? 0);
    const page = names.slice(first, first + perPage);
    const isLast = first + perPage >= names.length;
    const channels = page.map((name) => ({ channel_id: name, epoch: 'e', sequence: 1, timestamp }));
    response.end(JSON.stringify({ channels, ...(isLast ? {} : { next: String(first + perPage) }) }));
    if (isLast) listed += 1;
    for (const check of waiting) check();
  });

  const answer = (socket: WebSocket, frame: ClientFrame): object | undefined => {
    const { type, id, resume = [], channel_id: one } = frame;
    if (type === 'subscribe' && one !== undefined) {
      followers.set(one, socket);
      return { type: 'SUBSCRIBED', message_id: id, timestamp, channel_id: one, epoch: 'e', sequence: 1 };
    }
    if (type === 'ping') return { type: 'PONG', message_id: id, timestamp, channels: [] };
    if (type !== 'hello') return undefined;
    for (const { channel_id: name } of resume) if (name !== '$inbox') followers.set(name, socket);
    const channels = resume.map(({ channel_id }) => ({ channel_id, epoch: 'e', sequence: 1 }));
    const who = {
      connection_id: 'c',
      tenant_id: 't',
      agent_id: 'a',
      token_expires_at: '2099-01-01T00:00:00.000Z',
    };
    return { type: 'WELCOME', message_id: id, timestamp, ...who, limits: {}, channels };
  };
  const sockets = new WebSocketServer({ server, handleProtocols: () => 'artcafe.v1' });
  sockets.on('connection', (socket) => {
    socket.on('message', (data: Buffer) => {
      const frames = [JSON.parse(data.toString()) as ClientFrame | ClientFrame[]].flat();
      for (const frame of frames) {
        const reply = answer(socket, frame);
        if (reply !== undefined) socket.send(JSON.stringify(reply));
      }
    });
  });

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `ws://127.0.0.1:${port}/v1`,
    followed: () => [...followers.keys()],
    connections: () => sockets.clients.size,
    hasListed: (times) =>
      new Promise((resolve) => {
        const check = () => {
          if (listed >= times) resolve();
        };
        waiting.add(check);
        check();
      }),
    post: (channel, content) => {
      const ids = { id: 'm', tenant_id: 't', agent_id: 'alice', channel_id: channel };
      const message = { type: 'message', content, metadata: {}, timestamp, sequence: 2, epoch: 'e', ...ids };
      followers.get(channel)?.send(JSON.stringify(message));
    },
    close: () => {
      for (const socket of sockets.clients) socket.terminate();
      server.close();
      server.closeAllConnections();
    },
  };
}
