/**
 * Messages of the publish queue, in batches. A message that was not accepted goes back to the queue, and after its last attempt to
 * the failure queue; the others of its batch do not.
 */
import { handleTextMessage, type TextMessageDependencies } from '../frames/handle-text-message';
import { type DailyQuotaDependencies, dailyQuotas } from '../publish/rates/daily-quotas';
import { type AllowedAgents, queueConnectionId, readQueuedMessage } from '../publish/queued-message';
import { Deadline } from '../shared/deadline';
import type { ConnectionSender, EventClock } from '../shared/ports';

/** Of one message; ten of them are in a batch, and the function's own timeout is 60 s. */
const timeMs = 5_000;

export interface QueueEvent {
  readonly Records: readonly { readonly messageId: string; readonly body: string }[];
}

/** Those that go back to the queue. */
export interface QueueAnswer {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

export type PublishQueueDependencies = TextMessageDependencies &
  DailyQuotaDependencies & {
    readonly clock: EventClock;
    readonly allowed: readonly AllowedAgents[];
  };

export function publishQueueRoute(deps: PublishQueueDependencies) {
  const withoutAnswers = { ...deps, daily: dailyQuotas(deps), sender: swallowAnswers(deps.sender) };
  return async ({ Records: records }: QueueEvent): Promise<QueueAnswer> => {
    deps.clock.startEvent(undefined);
    const failed: string[] = [];
    // One after another: messages of one channel would compete for its next sequence.
    for (const record of records) {
      if (!(await publish(withoutAnswers, record))) failed.push(record.messageId);
    }
    return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
  };
}

async function publish(
  deps: PublishQueueDependencies,
  record: QueueEvent['Records'][number],
): Promise<boolean> {
  const startedAt = deps.clock.monotonic();
  const now = deps.clock.now();
  const message = readQueuedMessage(record, deps.allowed, now);
  const fields = { source: 'publish-queue', request_id: record.messageId };
  if (!message.ok) {
    deps.log.error('queued_message_refused', { ...fields, code: message.code });
    return false;
  }
  const { caller, frames } = message;
  const deadline = new Deadline(deps.clock, startedAt + timeMs);
  const arrival = { requestId: record.messageId, sentAt: now };
  const { accepted, duplicates, errors, published } = await handleTextMessage(
    deps,
    caller,
    frames,
    deadline,
    arrival,
  );
  deps.log.info('published', {
    ...fields,
    ...{ tenant_id: caller.tenantId, agent_id: caller.agentId, frames: 1, accepted, duplicates, errors },
    ms: deps.clock.monotonic() - startedAt,
    ...published[0],
  });
  return accepted === 1;
}

/** Nobody waits for an ACK here. */
function swallowAnswers(sender: ConnectionSender): ConnectionSender {
  return {
    post: (connectionId, ...rest) =>
      connectionId === queueConnectionId ? Promise.resolve('delivered') : sender.post(connectionId, ...rest),
    status: (connectionId) => sender.status(connectionId),
  };
}
