/**
 * Whether what `explain` says of a message is true: each claim is held against what the writing run did, and none may be
 * stronger. Pure; an empty list is "nothing wrong".
 */
import type { Delivery, Explanation } from '../../console/explain/explanation';
import type { WrittenMessage } from './life';
import { type Truth, truthOf } from './truth';

export function wrongClaims(
  message: WrittenMessage,
  { delivery, pushedTo }: Explanation,
  pushes: ReadonlySet<string>,
): string[] {
  const wrong = pushedTo
    .filter((connectionId) => !pushes.has(`${connectionId} ${message.content}`))
    .map((connectionId) => `pushed to ${connectionId}`);
  if (delivery === undefined) return wrong;
  // A function that has ended without returning has written no line.
  if (message.writer.end !== 'returned') return [...wrong, 'something, of a run that left no line'];
  const truth = truthOf(message);
  const { messages = delivery.batch } = truth.answered ?? {};
  if (delivery.batch !== messages) wrong.push(`the counts of ${delivery.batch} messages, not ${messages}`);
  return [...wrong, ...wrongCounts(delivery, truth), ...wrongAck(message, delivery, truth)];
}

function wrongCounts(
  { counts, matched }: Delivery,
  { copies, handed, notStarted, answered }: Truth,
): string[] {
  const wrong: string[] = [];
  const isWhole = matched !== undefined;
  const { late = 0 } = counts;
  const due = answered?.due;
  const hold = (name: keyof Delivery['counts'], least: number, most: number): void => {
    const said = counts[name] ?? 0;
    if (said > most || (isWhole && said < least)) wrong.push(`${said} ${name}, not ${least} to ${most}`);
  };
  const of = (outcome: string): number => copies[outcome] ?? 0;
  const failed = of('failed') + notStarted;
  hold('delivered', of('delivered'), of('delivered'));
  hold('handed', handed, handed);
  hold('lost', of('lost'), of('lost'));
  hold('refused', of('refused'), of('refused'));
  // A copy that is to be tried again when the time is up is late.
  hold('throttled', of('throttled') - late, of('throttled'));
  hold('failed', failed - late, failed);
  // Behind a copy that was gone or lost, others for the same connection are not posted.
  hold('gone', of('gone') - late, (due ?? Infinity) - of('delivered') - handed);
  if (isWhole && due !== undefined && matched !== due) wrong.push(`${matched} matched, not ${due}`);
  return wrong;
}

function wrongAck(message: WrittenMessage, { ackMs, isStored }: Delivery, { acks, frames }: Truth): string[] {
  const wrong: string[] = [];
  const own = acks.filter(
    ({ id, epoch, sequence }) =>
      id === message.id && epoch === message.epoch && sequence === message.sequence,
  );
  if (ackMs !== undefined && frames > 1) wrong.push('a time that belongs to a batch');
  if (ackMs !== undefined && !own.some(({ ms }) => ms === ackMs))
    wrong.push(`acknowledged after ${ackMs} ms`);
  // Without an ACK of its run nothing contradicts; that of a retry in the same batch does not tell.
  const telling = own.filter(({ status }) => status !== 'duplicate');
  if (isStored !== undefined && telling.some(({ status }) => (status === 'stored') !== isStored))
    wrong.push(`stored: ${String(isStored)}`);
  return wrong;
}
