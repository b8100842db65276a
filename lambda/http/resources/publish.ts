/**
 * Publishes the messages of one request, in order, and answers with their ACKs and ERRORs (HTTP-4). Ends when every receiver
 * has been posted to or handed to a worker.
 */
import {
  type ErrorDetails,
  errorText,
  limits,
  type ParsedFrame,
  parsePublishes,
  type Receiver,
} from '../../../protocol/index';
import { RetryingSender } from '../../delivery/retrying-sender';
import { decideFrame } from '../../frames/decide-frame';
import { LogTails } from '../../log/log-tail';
import { accept, type AcceptDependencies, type Acceptance, type Publication } from '../../publish/accept';
import { Deliveries, type DeliveryDependencies } from '../../publish/deliveries';
import { MessageEvents, type MessageEventDependencies } from '../../publish/message-events';
import { PublishRecord } from '../../publish/publish-record';
import { type RateLimiter, refuseOverLimit } from '../../publish/rates/rate-limiter';
import { estimateWork } from '../../publish/rates/work-estimate';
import { errorFields } from '../../shared/error-fields';
import { type LogFields, Unavailable } from '../../shared/ports';
import { WorkBudget } from '../../shared/work-budget';
import type { WorkMeter } from '../../shared/work-meter';
import { refuse } from '../http-problem';
import type { Session } from '../session';

export type PublishDependencies = AcceptDependencies &
  DeliveryDependencies &
  MessageEventDependencies & { readonly work: WorkMeter };

export interface PublishAnswer {
  /** The ACK, or an array of ACKs and ERRORs. */
  readonly text: string;
  /** Of a request of one message that is refused, or of one that is over the rate. */
  readonly refusal: ErrorDetails | undefined;
  readonly frames: number;
  /** Codes of the ERRORs, joined by commas. */
  readonly errors: string;
  /** Of the accepted messages and of their posts, for the log. */
  readonly record: LogFields | undefined;
}

/** @throws HttpProblem for a request of which nothing can be read */
export async function publish(
  deps: PublishDependencies,
  limiter: RateLimiter,
  session: Session,
  receiver: Receiver,
  text: string,
): Promise<PublishAnswer> {
  if (Buffer.byteLength(text) > limits.messageBytes) throw refuse('payload_too_large');
  const { isBatch, frames } = parsePublishes(text, receiver);
  const named = frames.map((frame) => withId(frame, deps.newId));
  const rate = await limiter.decide(session.caller, estimateWork(text, frames));
  const admitted = refuseOverLimit(named, rate);
  const publishing = new Publishing(deps, session);
  for (const [index, frame] of admitted.entries()) await publishing.add(frame, index);
  await publishing.deliver();
  await rate.reported;
  await limiter.charge(session.caller, rate, deps.work.units); // RAT-5
  const { answers, errors } = publishing;
  return {
    refusal: isBatch && rate.admitted > 0 ? undefined : errors[0],
    text: isBatch ? `[${answers.join()}]` : answers.join(),
    frames: admitted.length,
    errors: errors.map(({ code }) => code).join(),
    record: publishing.record,
  };
}

/** A message without an id gets one here, so that its answer has it. Nothing can have been sent under it before. */
function withId(parsed: ParsedFrame, newId: () => string): ParsedFrame {
  if (!parsed.ok || parsed.kind === 'control' || parsed.frame.id !== undefined) return parsed;
  return { ...parsed, frame: { ...parsed.frame, id: newId(), retry: false } };
}

class Publishing {
  /** Texts of ACKs and ERRORs, in the order of the messages. */
  readonly answers: string[] = [];
  readonly errors: ErrorDetails[] = [];
  private readonly deliveries: Deliveries;
  private readonly tails: LogTails;
  private readonly events: MessageEvents;
  private readonly published = new PublishRecord();

  constructor(
    private readonly deps: PublishDependencies,
    private readonly session: Session,
  ) {
    const { caller, deadline, requestId, sentAt } = session;
    const sender = new RetryingSender(deps.sender, deps.clock, deadline);
    this.deliveries = new Deliveries(deps, sender, caller, deadline);
    this.events = new MessageEvents(deps, caller.tenantId);
    const work = new WorkBudget(deps.work);
    this.tails = new LogTails(deps, { agentId: caller.agentId, requestId, sentAt }, work);
  }

  /** The path names the one receiver of a request. */
  get record(): LogFields | undefined {
    return this.published.fields(this.deliveries)[0];
  }

  async add(parsed: ParsedFrame, index: number): Promise<void> {
    const { caller, deadline } = this.session;
    const decision = decideFrame(parsed, caller, this.deps.clock.now(), deadline.remainingMs);
    if (decision.kind === 'rejected') {
      this.refuse(decision.error);
      return;
    }
    if (decision.kind === 'control') {
      this.refuse({ code: 'unknown_type' });
      return;
    }
    const { frame, destination } = decision;
    const result = await this.accept({ frame, destination, index });
    if (!result.ok) {
      this.refuse({ ...result.error, messageId: frame.id });
      return;
    }
    this.answers.push(result.ack ?? '');
    this.published.add(destination, result);
    this.events.add(destination, result);
    // ACK-6: a duplicate is not delivered a second time.
    if (result.isDuplicate) return;
    const acknowledged = Promise.resolve();
    this.deliveries.add(destination, result, { ...result.outgoing, acknowledged, echo: undefined });
  }

  async deliver(): Promise<void> {
    await Promise.all([this.deliveries.deliverAll(), this.events.send(this.session.deadline)]);
  }

  private refuse(error: ErrorDetails): void {
    this.errors.push(error);
    this.answers.push(errorText(error, this.deps.clock.now()));
  }

  private async accept(publication: Publication): Promise<Acceptance> {
    const { caller, deadline } = this.session;
    try {
      return await accept(this.deps, caller, publication, this.tails, deadline);
    } catch (error) {
      this.deps.log.error('publish_failed', { tenant_id: caller.tenantId, ...errorFields(error) });
      const code = error instanceof Unavailable ? 'unavailable' : 'internal';
      return { ok: false, error: { code, retryAfterMs: 500 } }; // ERR-8, ERR-10
    }
  }
}
