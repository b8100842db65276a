/**
 * Handles one text message of a client, from parsed frames to ACKs and deliveries. Frames are accepted one after another,
 * which keeps their order. ACKs and deliveries run in parallel.
 */
import { type AuditedFrame, deniedByControl, deniedMessage, readByControl } from '../audit/audited-frames';
import { type ParsedControl, type ErrorDetails, goAwayText, type ParsedFrame } from '../../protocol/index';
import { RetryingSender } from '../delivery/retrying-sender';
import { type Arrival, LogTails } from '../log/log-tail';
import { HeadBudget, ReadBudget } from '../log/read-budget';
import { accept, type AcceptDependencies, type Acceptance } from '../publish/accept';
import { Deliveries, type DeliveryDependencies } from '../publish/deliveries';
import { MessageEvents, type MessageEventDependencies } from '../publish/message-events';
import { PublishRecord } from '../publish/publish-record';
import { refuseOverLimit } from '../publish/rates/rate-limiter';
import type { Caller } from '../shared/caller';
import type { Deadline } from '../shared/deadline';
import { errorFields } from '../shared/error-fields';
import { type LogFields, Unavailable } from '../shared/ports';
import { TooCostly, tooCostlyRetryMs, WorkBudget } from '../shared/work-budget';
import type { WorkMeter } from '../shared/work-meter';
import { control } from './control';
import {
  type AfterReply,
  type ControlDependencies,
  type ControlOutcome,
  refused,
  type TextBudgets,
} from './control-outcome';
import { decideFrame, type FrameDecision } from './decide-frame';
import { Replies } from './replies';

export type TextMessageDependencies = AcceptDependencies &
  ControlDependencies &
  DeliveryDependencies &
  MessageEventDependencies & {
    /** Counts what the calls of the stores cost. */
    readonly work: Pick<WorkMeter, 'storeUnits'>;
  };

export interface TextMessageSummary {
  readonly frames: number;
  readonly accepted: number;
  readonly duplicates: number;
  /** Codes of the ERRORs, joined by commas. */
  readonly errors: string;
  /** Of the accepted messages, for the log: one for each channel or agent, with what came of the posts there. */
  readonly published: readonly LogFields[];
  /** When the last answer has reached the platform, by the monotonic clock. */
  readonly answeredAt: number | undefined;
  /** Milliseconds of the slowest post to a connection, answers included. */
  readonly slowestPostMs: number | undefined;
  /** For the audit log. */
  readonly audited: readonly AuditedFrame[];
}

/** Never throws: a failure becomes the ERROR of its frame. Ends when every post has succeeded or failed. */
export async function handleTextMessage(
  deps: TextMessageDependencies,
  caller: Caller,
  frames: readonly ParsedFrame[],
  deadline: Deadline,
  event: Omit<Arrival, 'agentId'>,
): Promise<TextMessageSummary> {
  const handler = new TextMessageHandler(deps, caller, deadline, { agentId: caller.agentId, ...event });
  // BAT-1, HIS-5, ERR-4: one after another; a rejected frame does not affect the others.
  for (const [index, parsed] of frames.entries()) {
    if (!handler.hasFrame) {
      // RAT-7, RAT-3
      const rest = refuseOverLimit(frames.slice(index), { admitted: 0, retryAfterMs: tooCostlyRetryMs });
      for (const refused of rest) await handler.handle(refused, index);
      break;
    }
    await handler.handle(parsed, index);
  }
  await handler.finish();
  return { frames: frames.length, ...handler.summary };
}

type AcceptedMessage = Extract<FrameDecision, { kind: 'message' }>;

/** The state of one text message: what is answered, and what waits for its delivery. */
class TextMessageHandler {
  private readonly sender: RetryingSender;
  private readonly replies: Replies;
  private readonly deliveries: Deliveries;
  private readonly events: MessageEvents;
  private readonly tails: LogTails;
  private readonly budgets: TextBudgets;
  private readonly heads = new HeadBudget();
  private readonly afterReply: AfterReply[] = [];
  private readonly errors: string[] = [];
  private readonly record = new PublishRecord();
  private readonly audited: AuditedFrame[] = [];
  private accepted = 0;
  private duplicates = 0;

  constructor(
    private readonly deps: TextMessageDependencies,
    private readonly caller: Caller,
    private readonly deadline: Deadline,
    arrival: Arrival,
  ) {
    this.sender = new RetryingSender(deps.sender, deps.clock, deadline);
    const work = new WorkBudget(deps.work);
    this.budgets = { work, reading: new ReadBudget(work) };
    this.replies = new Replies(this.sender, caller, deps.clock, deps.log, deadline, work);
    this.deliveries = new Deliveries(deps, this.sender, caller, deadline);
    this.events = new MessageEvents(deps, caller.tenantId);
    this.tails = new LogTails(deps, arrival, work);
  }

  /** Whether there are units for one more frame. */
  get hasFrame(): boolean {
    return this.budgets.work.hasFrame;
  }

  get summary(): Omit<TextMessageSummary, 'frames'> {
    const { accepted, duplicates, errors, deliveries, audited } = this;
    return {
      accepted,
      duplicates,
      errors: errors.join(),
      published: this.record.fields(deliveries),
      answeredAt: this.replies.deliveredAt,
      slowestPostMs: this.sender.slowestMs,
      audited,
    };
  }

  async handle(parsed: ParsedFrame, index: number): Promise<void> {
    const decision = decideFrame(parsed, this.caller, this.deps.clock.now(), this.deadline.remainingMs);
    if (decision.kind === 'rejected') {
      const isDenied = decision.error.code === 'forbidden' && parsed.ok && parsed.kind === 'message';
      if (isDenied) this.audited.push(deniedMessage(parsed.frame, this.caller.channelId));
      this.reject(decision.error);
    }
    if (decision.kind === 'control') await this.handleControl(decision.control);
    if (decision.kind === 'message') await this.handleMessage(decision, index);
  }

  /** Posts the remaining answers, delivers the messages, and runs the replays. */
  async finish(): Promise<void> {
    const answered = this.replies.flush();
    const after = [answered.then(() => this.replayAll()), this.events.send(this.deadline)];
    await Promise.all([this.deliveries.deliverAll(), ...after]);
  }

  /** SUB-6: one after another, which also bounds the memory. */
  private async replayAll(): Promise<void> {
    for (const work of this.afterReply) await this.runAfterReply(work);
  }

  private async handleControl(frame: ParsedControl): Promise<void> {
    // SUB-5: a message before `unsubscribe` in the batch still reaches the connection.
    if (frame.type === 'unsubscribe' && this.deliveries.isWaitingFor(frame.channelId)) {
      // ACK-5: the delivery waits for the ACK.
      void this.replies.flush();
      await this.deliveries.deliverChannel(frame.channelId);
    }
    const outcome = await this.controlSafely(frame);
    const audited = outcome.ok ? readByControl(frame) : deniedByControl(frame, outcome.error.code);
    if (audited !== undefined) this.audited.push(audited);
    if (outcome.ok) {
      this.accepted += 1;
      for (const text of outcome.answer) void this.replies.send(text);
      if (outcome.afterReply !== undefined) {
        this.budgets.work.message();
        this.afterReply.push(outcome.afterReply);
      }
      return;
    }
    this.reject({ ...outcome.error, messageId: frame.id });
    if (outcome.goAway !== undefined && this.caller.level > 0) {
      void this.replies.send(goAwayText(outcome.goAway, this.deps.clock.now()));
    }
  }

  private async handleMessage(message: AcceptedMessage, index: number): Promise<void> {
    const { frame, destination } = message;
    const result = await this.acceptSafely(message, index);
    if (!result.ok) {
      this.reject({ ...result.error, messageId: frame.id });
      return;
    }
    this.accepted += 1;
    this.record.add(destination, result);
    this.events.add(destination, result);
    const acknowledged = result.ack === undefined ? Promise.resolve() : this.replies.send(result.ack);
    if (result.isDuplicate) {
      this.duplicates += 1; // ACK-6: not delivered a second time.
      return;
    }
    // The sender may be a receiver.
    this.budgets.work.message();
    this.deliveries.add(destination, result, { ...result.outgoing, acknowledged, echo: frame.echo });
  }

  private reject(error: ErrorDetails): void {
    // The rate limiter counts its own: one log line per rejected frame would let a sender flood the log.
    if (error.code !== 'rate_limited') this.errors.push(error.code);
    void this.replies.error(error);
  }

  private async controlSafely(frame: ParsedControl): Promise<ControlOutcome> {
    if (!this.heads.admits(frame))
      return refused('limit_exceeded', 'A text message has one hello, and pings name 20 channels together');
    try {
      return await control(this.deps, this.caller, frame, this.deadline, this.budgets);
    } catch (error) {
      if (error instanceof TooCostly)
        return { ok: false, error: { code: 'rate_limited', retryAfterMs: tooCostlyRetryMs } };
      return this.failed('control_failed', error);
    }
  }

  private async acceptSafely({ frame, destination }: AcceptedMessage, index: number): Promise<Acceptance> {
    const { tails, deadline } = this;
    try {
      return await accept(this.deps, this.caller, { frame, destination, index }, tails, deadline);
    } catch (error) {
      return this.failed('publish_failed', error);
    }
  }

  /** When a replay breaks off, the client already has the answer. It notices the missing end and asks again. */
  private async runAfterReply(work: AfterReply): Promise<void> {
    try {
      await work(this.sender, this.deadline);
    } catch (error) {
      this.failed('afterwards_failed', error);
    }
  }

  private failed(event: string, error: unknown) {
    const { connectionId: connection_id, tenantId: tenant_id } = this.caller;
    this.deps.log.error(event, { connection_id, tenant_id, ...errorFields(error) });
    const code = error instanceof Unavailable ? 'unavailable' : 'internal';
    return { ok: false, error: { code, retryAfterMs: 500 } } as const; // ERR-8, ERR-10
  }
}
