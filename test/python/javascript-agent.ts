/**
 * An agent with the JavaScript SDK, for runs with both SDKs in the same channels: it remembers what it hears, answers requests, and
 * does what its input says.
 */
import { PubSub } from '../../clients/javascript/index';
import type { Bus } from '../helpers/bus';
import { CuttableWebSocket } from '../helpers/cuttable-web-socket';

const tenant = 'both';
const channel = 'all';

export class JavaScriptAgent {
  private readonly sockets = new CuttableWebSocket();
  private readonly client: PubSub;
  private readonly sequences: number[] = [];
  private readonly inbox: unknown[] = [];
  private readonly gaps: unknown[] = [];

  constructor(bus: Bus, agent: string) {
    this.client = new PubSub({
      url: bus.baseUrls.edge,
      token: () => bus.token({ tenant, agent }),
      WebSocket: this.sockets.WebSocket,
      presence: { status: 'busy', capabilities: ['javascript'] },
      backoff: { baseMs: 200 },
    });
  }

  async open(): Promise<void> {
    const { client } = this;
    client.on('gap', (gap) => this.gaps.push(gap));
    client.onRequest((content) => ({ javascript: content }));
    await client.channel(channel).subscribe(({ sequence = 0 }) => this.sequences.push(sequence));
    await client.inbox.subscribe(({ content }) => this.inbox.push(content));
  }

  async close(): Promise<void> {
    await this.client.close();
  }

  async act(action: string, given: unknown): Promise<unknown> {
    const { client } = this;
    switch (action) {
      case 'publish': {
        const receipts = (given as unknown[]).map((content) => client.channel(channel).publish(content));
        return (await Promise.all(receipts)).map(({ sequence }) => sequence);
      }
      case 'send': {
        const { to, contents } = given as { to: string; contents: unknown[] };
        return (await Promise.all(contents.map((content) => client.agent(to).send(content)))).length;
      }
      case 'request': {
        const { to, content } = given as { to: string; content: unknown };
        return (await client.agent(to).request(content, { timeout: 20_000 })).content;
      }
      case 'presence': {
        const found: string[] = [];
        for await (const { agentId } of client.presence.query({ online: true, capability: String(given) }))
          found.push(agentId);
        return found;
      }
      case 'cut':
        this.sockets.cut();
        return null;
      default:
        return { sequences: this.sequences, inbox: this.inbox, gaps: this.gaps };
    }
  }
}
