/**
 * Writes down what clients publish, hear and show while a run goes on; the same in memory and over sockets.
 */
import { channelSubject, inboxSubject } from '../../lambda/shared/subjects';
import { framesOf } from './checker';
import type { ModelClient } from './model-client';
import type { Received, Publication, Sight, View } from './record';

/** The client at the other end of a socket. */
export interface Identity {
  readonly name: string;
  readonly tenantId: string;
  readonly agentId: string;
  /** Channels whose messages may reach it. */
  readonly channels: readonly string[];
}

export type Target = { readonly channelId: string; readonly isEphemeral?: boolean } | { readonly to: string };

export class Recorder {
  readonly publications: Publication[] = [];
  readonly views: View[] = [];
  readonly received: Received[] = [];
  /** Whether what is published from now on has to be acknowledged. */
  isCalm = false;
  private readonly ids = new Map<string, number>();

  constructor(
    private readonly now: () => number,
    private readonly onSight: (view: View, sight: Sight) => void,
  ) {}

  /** Sends a message by the client until it is acknowledged or given up. */
  publish(
    client: Pick<ModelClient, 'publish'>,
    { tenantId, agentId }: Identity,
    target: Target,
    maxAttempts: number,
  ): Promise<void> {
    const count = (this.ids.get(`${tenantId} ${agentId}`) ?? 0) + 1;
    this.ids.set(`${tenantId} ${agentId}`, count);
    const subject =
      'to' in target ? inboxSubject(tenantId, target.to) : channelSubject(tenantId, target.channelId);
    // Other agents use the same ids: only both together name a message.
    const id = `m${count}`;
    const tag = `${tenantId} ${subject} ${agentId} ${id}`;
    const publication: Publication = {
      tenantId,
      agentId,
      id,
      subject,
      to: 'to' in target ? target.to : undefined,
      isEphemeral: 'channelId' in target && target.isEphemeral === true,
      tag,
      attempts: 0,
      outcome: 'unknown',
      acks: [],
      isCalm: this.isCalm,
    };
    this.publications.push(publication);
    const address = 'to' in target ? { to: target.to } : { channel_id: target.channelId };
    const kept = publication.isEphemeral ? { ephemeral: true } : {};
    return client.publish(publication, { content: tag, ...address, ...kept }, maxAttempts);
  }

  hear({ name, tenantId, agentId, channels }: Identity, text: string): void {
    this.received.push({ client: name, tenantId, agentId, channels, text });
    for (const { type, message_id: id, epoch, sequence, status } of framesOf(text)) {
      if (type !== 'ACK') continue;
      const publication = this.publications.find(
        (each) => each.tenantId === tenantId && each.agentId === agentId && each.id === id,
      );
      if (publication === undefined) continue;
      publication.outcome = 'acked';
      const place = typeof epoch === 'string' ? { epoch, sequence: Number(sequence) } : undefined;
      publication.acks.push({ place, status: String(status), at: this.now() });
    }
  }

  /** A view that tells what comes into it. */
  addView(view: View): void {
    this.views.push(view);
    const { sights } = view;
    const push = sights.push.bind(sights);
    sights.push = (...added) => {
      for (const sight of added) this.onSight(view, sight);
      return push(...added);
    };
  }
}
