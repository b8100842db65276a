/**
 * What a run of a function really did for the channel or agent of a message, from what the run was told: the measure of
 * every claim.
 */
import { framesOf } from '../faults/checker';
import type { EndedRun } from '../faults/memory/platform';
import type { WrittenMessage } from './life';

type Frame = Record<string, unknown>;
/** The channel or agent. */
type Destination = Pick<WrittenMessage, 'channelId' | 'to' | 'subject'>;

export interface Truth {
  /** Copies of messages for connections, by what the run was last told of them. */
  readonly copies: Readonly<Partial<Record<string, number>>>;
  /** Copies given to workers that were started, and to those of which no start was told. */
  readonly handed: number;
  readonly notStarted: number;
  /** What its answers tell; `undefined` where they broke off, and over HTTP. */
  readonly answered: Answered | undefined;
  /** Frames of the text message. */
  readonly frames: number;
  readonly acks: readonly Ack[];
}

export interface Answered {
  /** Messages that were accepted for the place. */
  readonly messages: number;
  /** Copies of them that are due, by the subscribers that the run was given; those of direct messages may be looked for again. */
  readonly due: number | undefined;
}

export interface Ack {
  readonly epoch: string;
  readonly sequence: number;
  readonly id: string;
  readonly status: string;
  /** Milliseconds until API Gateway took it; absent when it did not. */
  readonly ms: number | undefined;
}

const truths = new WeakMap<EndedRun, Map<string, Truth>>();

export function truthOf({ writer, ...place }: WrittenMessage): Truth {
  const known = truths.get(writer) ?? new Map<string, Truth>();
  truths.set(writer, known);
  const truth = known.get(place.subject) ?? {
    copies: copiesOf(writer, place),
    ...chunksOf(writer, place),
    answered: answeredBy(writer, place),
    frames: framesIn(writer).length,
    acks: acksOf(writer),
  };
  known.set(place.subject, truth);
  return truth;
}

/** Connection and content of everything that a push has brought to a connection. */
export function pushesOf(runs: readonly EndedRun[]): ReadonlySet<string> {
  const pushes = new Set<string>();
  for (const { kind, run } of runs) {
    if (kind !== 'inbox') continue;
    for (const { connectionId, text, outcome } of run.posts)
      if (outcome === 'delivered')
        for (const { content } of framesOf(text)) pushes.add(`${connectionId} ${String(content)}`);
  }
  return pushes;
}

function framesIn({ event }: EndedRun): Frame[] {
  return framesOf((event as { readonly body: string }).body);
}

function isFor({ channel_id: channel, to }: Frame, place: Destination): boolean {
  return place.to === undefined ? channel === place.channelId : to === place.to;
}

function copiesOf(ended: EndedRun, place: Destination): Truth['copies'] {
  const isHttp = ended.kind === 'http';
  const own = new Set(
    framesIn(ended).flatMap((each) => (isHttp || isFor(each, place) ? [each.content] : [])),
  );
  const last = new Map<string, string>();
  for (const { connectionId, text, outcome = 'unknown' } of ended.run.posts)
    for (const { type, content } of framesOf(text))
      if (type === 'message' && own.has(content)) last.set(`${connectionId} ${String(content)}`, outcome);
  const counts: Record<string, number> = {};
  for (const outcome of last.values()) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}

function chunksOf({ run }: EndedRun, { channelId }: Destination): Pick<Truth, 'handed' | 'notStarted'> {
  let [handed, notStarted] = [0, 0];
  for (const { name, payload, isTold } of run.starts) {
    if (name !== 'chunk') continue;
    const { channel, receivers, texts } = payload as {
      readonly channel: string;
      readonly receivers: unknown[];
      readonly texts: Record<string, string[]>;
    };
    if (channel !== channelId) continue;
    const copies = receivers.length * (Object.values(texts)[0]?.length ?? 0);
    if (isTold) handed += copies;
    else notStarted += copies;
  }
  return { handed, notStarted };
}

function answeredBy(ended: EndedRun, place: Destination): Answered | undefined {
  const { connectionId } = (ended.event as { requestContext: { connectionId?: string } }).requestContext;
  const frames = framesIn(ended);
  const answers = ended.run.posts
    .filter((post) => post.connectionId === connectionId && !post.isRetry)
    .flatMap(({ text }) => framesOf(text))
    .filter(({ type }) => type === 'ACK' || type === 'ERROR');
  if (connectionId === undefined || answers.length !== frames.length) return undefined;
  const accepted = frames.filter((frame, index) => {
    const { type, status } = answers[index] ?? {};
    return isFor(frame, place) && type === 'ACK' && status !== 'duplicate';
  });
  if (place.to !== undefined) return { messages: accepted.length, due: undefined };
  const receivers = (ended.run.subscribers.get(place.subject) ?? []) as { readonly connectionId: string }[];
  const isDue = (echo: unknown, to: string) => echo !== false || to !== connectionId;
  const due = accepted.flatMap(({ echo }) => receivers.filter((each) => isDue(echo, each.connectionId)));
  return { messages: accepted.length, due: due.length };
}

function acksOf({ run, startedAt }: EndedRun): Ack[] {
  return run.posts.flatMap(({ text, outcome, toldAt = 0 }) =>
    framesOf(text)
      .filter(({ type }) => type === 'ACK')
      .map((frame) => ({
        id: String(frame.message_id),
        epoch: String(frame.epoch),
        sequence: Number(frame.sequence),
        status: String(frame.status),
        ms: outcome === 'delivered' ? toldAt - startedAt : undefined,
      })),
  );
}
