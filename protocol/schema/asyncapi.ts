/**
 * All frames as one AsyncAPI 3 document, as the service sees them: it receives the client's and sends its own.
 */
import { subProtocol } from '../names';
import type { FrameSchema, Json, Sender } from './json-schema';

const summaries: Readonly<Record<Sender, string>> = {
  client: 'Frames of a client. A text message holds one, or an array of up to 25 of them.',
  server: 'Frames of the service. A text message holds one, and at level 1 one or an array of them.',
};

export function asyncApi(frames: readonly FrameSchema[]): Json {
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'ArtCafe PubSub',
      version: subProtocol,
      license: { name: 'Apache-2.0' },
      description:
        'The frames on the socket. The rules are in docs/protocol.md. Lengths count UTF-16 code units.',
    },
    defaultContentType: 'application/json',
    servers: {
      api: {
        host: '{id}.execute-api.{region}.amazonaws.com',
        protocol: 'wss',
        variables: {
          id: { description: 'Of the WebSocket API; a deployment prints the whole address.' },
          region: { description: 'Of AWS.' },
        },
      },
    },
    channels: {
      socket: {
        address: '/ws',
        messages: keyed(frames, reference),
        bindings: { ws: { method: 'GET', query } },
      },
    },
    operations: {
      receive: operation(frames, 'client', 'receive'),
      send: operation(frames, 'server', 'send'),
    },
    components: {
      messages: keyed(frames, message),
      schemas: Object.assign({}, ...frames.map(schemas)) as Json,
    },
  };
}

const query = {
  type: 'object',
  required: ['token'],
  properties: {
    token: { type: 'string' },
    channel_id: { type: 'string' },
    echo: { type: 'string' },
    protocol: { const: 'artcafe.v1' },
  },
};

function keyOf({ sender, name }: FrameSchema): string {
  return `${sender}.${name}`;
}

function keyed(frames: readonly FrameSchema[], of: (frame: FrameSchema) => Json): Json {
  return Object.fromEntries(frames.map((frame) => [keyOf(frame), of(frame)]));
}

function reference(frame: FrameSchema): Json {
  return { $ref: `#/components/messages/${keyOf(frame)}` };
}

function message(frame: FrameSchema): Json {
  return {
    name: keyOf(frame),
    payload: { $ref: `#/components/schemas/${frame.sender}.${frame.type}` },
    examples: frame.examples.map((payload) => ({ payload })),
  };
}

function operation(frames: readonly FrameSchema[], sender: Sender, action: 'receive' | 'send'): Json {
  return {
    action,
    summary: summaries[sender],
    channel: { $ref: '#/channels/socket' },
    messages: frames
      .filter((frame) => frame.sender === sender)
      .map((frame) => ({ $ref: `#/channels/socket/messages/${keyOf(frame)}` })),
  };
}

/** A type of the same name is open in a client's frame and closed in the service's. */
function schemas({ sender, definitions }: FrameSchema): Json {
  const text = JSON.stringify(definitions).replaceAll('"#/definitions/', `"#/components/schemas/${sender}.`);
  return Object.fromEntries(
    Object.entries(JSON.parse(text) as Json).map(([name, schema]) => [`${sender}.${name}`, schema]),
  );
}
