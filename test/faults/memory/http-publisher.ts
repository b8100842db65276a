/** An agent without a socket: publishes over HTTP, and asks again with the same id until it is answered. */
import type { HttpEvent } from '../../../lambda/http/event';
import type { Publication } from '../record';
import type { Identity } from '../recorder';
import type { VirtualTime } from './virtual-time';

const pauseMs = 1_000;
const tokenMs = 3_600_000;

export interface HttpPublisherOptions {
  readonly identity: Identity;
  readonly time: VirtualTime;
  /** The body of a 200; `undefined` for anything else. */
  readonly request: (event: HttpEvent) => Promise<string | undefined>;
  readonly onAnswer: (text: string) => void;
}

export class HttpPublisher {
  private requests = 0;

  constructor(private readonly options: HttpPublisherOptions) {}

  async publish(
    publication: Publication,
    { channel_id: channelId, to, ...message }: Record<string, unknown>,
    maxAttempts: number,
  ): Promise<void> {
    const receiver = typeof to === 'string' ? `agents/${to}` : `channels/${String(channelId)}`;
    while (publication.attempts < maxAttempts) {
      publication.attempts += 1;
      const retry = publication.attempts > 1 ? { retry: true } : {};
      const body = JSON.stringify({ ...message, ...retry, id: publication.id });
      const answer = await this.options.request(this.event(`/v1/${receiver}/messages`, body));
      if (answer !== undefined) {
        this.options.onAnswer(answer);
        return;
      }
      await this.options.time.sleep(pauseMs);
    }
  }

  private event(rawPath: string, body: string): HttpEvent {
    const { identity, time } = this.options;
    const { tenantId, agentId } = identity;
    const claims = {
      tenant_id: tenantId,
      agent_id: agentId,
      exp: Math.floor((time.now() + tokenMs) / 1_000),
    };
    const token = Buffer.from(JSON.stringify(claims)).toString('base64url');
    return {
      rawPath,
      rawQueryString: '',
      headers: { authorization: `Bearer ${token}` },
      requestContext: {
        requestId: `h${String((this.requests += 1))}`,
        timeEpoch: time.now(),
        http: { method: 'POST', sourceIp: '192.0.2.1' },
      },
      body,
      isBase64Encoded: false,
    };
  }
}
