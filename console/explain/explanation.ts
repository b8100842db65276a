/**
 * What the log lines of the functions say about one message, for the console and for `artcafe explain`. Each fact comes from a
 * line about this message; a fact without such a line is unknown.
 */

export type Line = Readonly<Record<string, unknown>>;

/** A message as the SDK gives it. */
export interface Asked {
  readonly id: string;
  readonly tenantId: string;
  readonly agentId: string;
  /** Absent on direct messages, which have `to`. */
  readonly channelId: string | undefined;
  readonly to: string | undefined;
  /** Absent on ephemeral messages. */
  readonly sequence: number | undefined;
  readonly epoch: string | undefined;
}

/** What can come of a copy of a message for one connection. */
export const outcomes = [
  'delivered',
  'handed',
  'gone',
  'throttled',
  'failed',
  'refused',
  'lost',
  'late',
] as const;
export type Outcome = (typeof outcomes)[number];

/** Why a copy counts so, no stronger than it is known. */
export const meanings: Readonly<Record<Outcome, string>> = {
  delivered: 'copies that API Gateway took for a connection, which proves no receipt',
  handed: 'copies given to workers, of whose posts these lines tell nothing',
  gone: 'copies for connections that seemed to have ended',
  throttled: 'copies that API Gateway refused for the rate',
  failed: 'copies whose post, or whose worker, answered with an error; some may have arrived',
  refused: 'copies that API Gateway refused',
  lost: 'copies whose post had no answer; some may have arrived',
  late: 'copies left out for lack of time',
};

/** The run of the function that has written the message to its log. */
export interface Delivery {
  /** Messages of its text message to the same channel or agent, which share the counts; 1: they are its own. */
  readonly batch: number;
  readonly counts: Readonly<Partial<Record<Outcome, number>>>;
  /** All copies; absent when a fan-out broke off, and the counts are lower bounds. */
  readonly matched: number | undefined;
  /** Milliseconds until API Gateway took the ACK. Unknown in a batch, where the time is that of its last answer. */
  readonly ackMs: number | undefined;
  /** Of a direct message: whether nobody was there, and it waits in the inbox. Unknown for a part of a batch. */
  readonly isStored: boolean | undefined;
}

export interface Explanation {
  /** `undefined`: unknown. */
  readonly delivery: Delivery | undefined;
  /** Connections of the receiver for which API Gateway took the message from the inbox. */
  readonly pushedTo: readonly string[];
}

/** Texts that the lines to be read contain: all lines with one of them are enough. */
export function searchesFor({ id, to }: Pick<Asked, 'id' | 'to'>): readonly string[] {
  return to === undefined
    ? [JSON.stringify(id)]
    : [JSON.stringify(id), '"inbox_pushed"', '"inbox_push_failed"'];
}

export function explanationOf(message: Asked, lines: readonly Line[]): Explanation {
  return { delivery: deliveryOf(message, lines), pushedTo: pushesOf(message, lines) };
}

/**
 * A sequence is written by one run only, so one line has it. An ephemeral message has none, and an id may be used again, so of
 * an ephemeral message nothing is known.
 */
function deliveryOf(message: Asked, lines: readonly Line[]): Delivery | undefined {
  const line = lines.find((each) => isOfItsRun(each, message));
  const batch = line && numberIn(line, 'messages');
  if (line === undefined || batch === undefined) return undefined;
  const counts = countsIn(line);
  return {
    batch,
    counts,
    matched: numberIn(line, 'uncounted') === undefined ? copiesIn(counts) : undefined,
    ackMs: numberIn(line, 'frames') === 1 ? numberIn(line, 'ack_ms') : undefined,
    isStored: message.to === undefined ? undefined : isStoredBy(line),
  };
}

function isOfItsRun(line: Line, { id, tenantId, agentId, channelId, to, sequence, epoch }: Asked): boolean {
  const isRun = line.event === 'published' || line.event === 'request';
  if (!isRun || line.tenant_id !== tenantId || line.agent_id !== agentId) return false;
  const isSameLog = to === undefined ? line.channel_id === channelId : line.to === to;
  if (!isSameLog || sequence === undefined || epoch === undefined || line.epoch !== epoch) return false;
  return Array.isArray(line.ids) && line.ids.includes(id) && hasWritten(line, sequence);
}

function hasWritten(line: Line, sequence: number): boolean {
  if (Array.isArray(line.sequences)) return line.sequences.includes(sequence);
  const [first, last] = [numberIn(line, 'first_sequence'), numberIn(line, 'last_sequence')];
  return first !== undefined && last !== undefined && first <= sequence && sequence <= last;
}

function isStoredBy(line: Line): boolean | undefined {
  const stored = numberIn(line, 'stored') ?? 0;
  if (stored === 0) return false;
  return stored === line.messages ? true : undefined;
}

function pushesOf({ tenantId, to, sequence, epoch }: Asked, lines: readonly Line[]): readonly string[] {
  if (to === undefined || sequence === undefined || epoch === undefined) return [];
  const connections = lines.flatMap((line) => {
    const isPush = line.event === 'inbox_pushed' || line.event === 'inbox_push_failed';
    const isItsInbox = line.tenant_id === tenantId && line.agent_id === to && line.epoch === epoch;
    return isPush && isItsInbox && isPushedIn(line, sequence) ? [String(line.connection_id)] : [];
  });
  return [...new Set(connections)];
}

function isPushedIn({ pushed }: Line, sequence: number): boolean {
  if (!Array.isArray(pushed)) return false;
  return pushed.some((range) => {
    const [first = NaN, last = NaN] = String(range).split('-').map(Number);
    return first <= sequence && sequence <= last;
  });
}

/** A line leaves out what did not happen. */
function countsIn(line: Line): Delivery['counts'] {
  return Object.fromEntries(outcomes.map((name) => [name, numberIn(line, name)] as const).filter(hasCount));
}

function hasCount(entry: readonly [Outcome, number | undefined]): entry is readonly [Outcome, number] {
  return entry[1] !== undefined;
}

/** Copies of which a line tells; `undefined` when a fan-out broke off. */
export function copiesOf(line: Line): number | undefined {
  return numberIn(line, 'uncounted') === undefined ? copiesIn(countsIn(line)) : undefined;
}

function copiesIn(counts: Delivery['counts']): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

export function numberIn(line: Line, name: string): number | undefined {
  const value = line[name];
  return typeof value === 'number' ? value : undefined;
}
