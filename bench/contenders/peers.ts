/**
 * How a client of each design connects, publishes and receives. Otherwise the clients of the benchmark are the same.
 */
import { io } from 'socket.io-client';
import { WebSocket } from 'ws';

export const dialects = ['artcafe', 'naive', 'graphql', 'ws', 'socket.io'] as const;
export type Dialect = (typeof dialects)[number];

export type DeliveryStats =
  | { readonly kind: 'message'; readonly id: string; readonly content: string }
  | { readonly kind: 'ack'; readonly id: string }
  | { readonly kind: 'other' };

export interface Peer {
  publish(id: string, content: string): void;
  /** Each load sets its own handler. */
  receive: (received: DeliveryStats) => void;
}

/** The fields of all dialects. */
interface Frame {
  readonly type?: string;
  readonly id?: string;
  readonly message_id?: string;
  readonly content?: string;
  readonly payload?: {
    readonly data?: { readonly message?: { readonly id: string; readonly content: string } };
  };
}

interface Wire {
  /** Sent in order when the socket is open; each waits for the answer to the previous one. */
  readonly opening: readonly string[];
  publish(id: string, content: string): string;
  understand(frame: Frame): DeliveryStats;
}

const other = { kind: 'other' } as const;
const messageIn = ({ id = '', content = '' }: Frame): DeliveryStats => ({ kind: 'message', id, content });
const publishing = (id: string, content: string): string => JSON.stringify({ type: 'message', id, content });

const wires: Record<Exclude<Dialect, 'socket.io'>, Wire> = {
  artcafe: {
    opening: [],
    publish: publishing,
    understand: (frame) => {
      if (frame.type === 'ACK') return { kind: 'ack', id: frame.message_id ?? '' };
      return frame.type === 'ERROR' ? other : messageIn(frame);
    },
  },
  naive: { opening: [], publish: publishing, understand: messageIn },
  ws: { opening: [], publish: publishing, understand: messageIn },
  graphql: {
    opening: [
      JSON.stringify({ type: 'connection_init', payload: {} }),
      JSON.stringify({
        type: 'start',
        id: 'subscription',
        payload: { query: 'subscription { message(channel: "all") { id content } }' },
      }),
    ],
    publish: (id, content) =>
      JSON.stringify({
        type: 'start',
        id,
        payload: {
          query:
            'mutation ($id: ID!, $content: String!) { publish(channel: "all", id: $id, content: $content) }',
          variables: { id, content },
        },
      }),
    understand: ({ type, id = '', payload }) => {
      if (type !== 'data') return other;
      const message = payload?.data?.message;
      return message === undefined ? { kind: 'ack', id } : messageIn(message);
    },
  },
};

export async function openPeer(dialect: Dialect, url: string): Promise<Peer> {
  return dialect === 'socket.io' ? openSocketIo(url) : openWire(wires[dialect], url);
}

async function openWire(wire: Wire, url: string): Promise<Peer> {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  for (const [index, text] of wire.opening.entries()) {
    socket.send(text);
    if (index < wire.opening.length - 1) await new Promise((resolve) => socket.once('message', resolve));
  }
  const peer: Peer = {
    receive: () => undefined,
    publish: (id, content) => {
      socket.send(wire.publish(id, content));
    },
  };
  socket.on('message', (data: Buffer) => {
    peer.receive(wire.understand(JSON.parse(data.toString()) as Frame));
  });
  return peer;
}

async function openSocketIo(url: string): Promise<Peer> {
  const socket = io(url, { transports: ['websocket'], reconnection: false, forceNew: true });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('connect_error', reject);
  });
  const peer: Peer = {
    receive: () => undefined,
    publish: (id, content) => {
      socket.emit('publish', { id, content });
    },
  };
  socket.on('message', (message: { id: string; content: string }) => {
    peer.receive({ kind: 'message', ...message });
  });
  return peer;
}
