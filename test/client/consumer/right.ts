/** Compiles in a project that has installed the package. */
import {
  type Gap,
  type Message,
  PubSub,
  PubSubError,
  type Receipt,
  type Subscription,
} from '@artcafe/pubsub';
import { FileCursor } from '@artcafe/pubsub/cursors/file';
import { LocalStorageCursor } from '@artcafe/pubsub/cursors/local-storage';
import { ArtCafeWebSocketClient } from '@artcafe/pubsub/original';

interface Chat {
  readonly text: string;
}

export async function right(): Promise<void> {
  const bus = new PubSub({
    url: 'wss://host',
    token: async () => 't',
    echo: false,
    cursor: new FileCursor('x'),
  });
  bus.on('gap', (gap: Gap) => gap.reason);
  bus.on('state', ({ state, error }) => state === 'closed' && error?.retryable);
  const chat = bus.channel<Chat>('chat');
  const receipt: Receipt = await chat.publish({ text: 'hi' }, { ephemeral: true, metadata: { k: 1 } });
  const sequence: number | undefined = receipt.sequence;
  const subscription: Subscription = await chat.subscribe(
    async ({ content: { text } }) => text.length + (sequence ?? 0),
  );
  subscription.unsubscribe();
  for await (const { content } of chat) if (content.text === 'stop') break;
  for await (const message of chat.history({ limit: 10 })) ((m: Message<Chat>) => m.content.text)(message);
  bus.onRequest((content) => content);
  bus.onRequest(({ a, b }: { a: number; b: number }) => a + b);
  bus.onRequest<Chat, number>(async ({ text }, message) => text.length + message.content.text.length);
  const sum: number = (await bus.agent('b').request<number>({ a: 1 }, { timeout: Infinity })).content;
  const typed = new PubSub<Chat>({ url: 'wss://host', token: 't', observer: true });
  await typed.inbox.subscribe(({ content: { text }, expiresAt = sum }) => text.length + expiresAt);
  for await (const { content } of typed.inbox.history({ limit: 1 })) if (content.text === 'stop') break;
  for await (const { agentId } of bus.presence.query({ online: true, capability: 'x' })) agentId.length;
  await bus.presence.set({ status: 'busy' });
  const cursor = new LocalStorageCursor('p', { getItem: () => null, setItem: () => undefined });
  await new PubSub({ url: 'wss://host', token: 't', cursor }).close().catch((error: unknown) => {
    if (error instanceof PubSubError && error.code === 'forbidden') throw error;
  });
  await new ArtCafeWebSocketClient('wss://host', 't', 'c').onMessage((message) => message.content).connect();
}
