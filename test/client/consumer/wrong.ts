/** Must not compile: each line that ends with a mark, and no other. */
import { type Message, PubSub, PubSubError } from '@artcafe/pubsub';

new PubSub({ url: 'wss://host' }); // wrong
new PubSub({ url: 'wss://host', token: 1 }); // wrong
new PubSub({ url: 'wss://host', token: () => 1 }); // wrong
new PubSub({ url: 'wss://host', token: 't', WebSocket: Date }); // wrong
new PubSub({ url: 'wss://host', token: 't', cursor: { load: () => undefined } }); // wrong
const bus = new PubSub({ url: 'wss://host', token: 't' });
bus.channel<{ text: string }>('chat').publish({ txet: 'hi' }); // wrong
bus.channel('chat').publish('hi', { ephemral: true }); // wrong
bus.channel('chat').publish(); // wrong
bus.channel<string>('chat').subscribe(({ content }: Message<number>) => content); // wrong
bus.on('message', () => undefined); // wrong
bus.on('gap', ({ channel }) => channel); // wrong
bus.state = 'connected'; // wrong
bus.presence.set({ capabilities: 'x' }); // wrong
bus.channel('chat').history({ after: 12 }); // wrong
bus.agent('b').request('x', { timeout: '5s' }); // wrong
bus
  .agent('b')
  .request<number>('x')
  .then(({ content }) => content.length); // wrong
bus.onRequest<string, number>((content) => content); // wrong
const typed = new PubSub<string>({ url: 'wss://host', token: 't' });
typed.inbox.subscribe(({ content }: Message<number>) => content); // wrong
bus.presence.query({ onlin: true }); // wrong
const { reason } = new PubSubError('closed'); // wrong
export { reason };
