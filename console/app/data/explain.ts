/** What is known of one message's way, as the steps that the page shows. */
import type { Message } from '@artcafe/pubsub';
import {
  type Delivery,
  explanationOf,
  type Line,
  meanings,
  type Outcome,
  outcomes,
  searchesFor,
} from '../../explain/explanation';
import { searchLines } from '../source/deployed-log';
import { linesWith } from '../source/log';
import { session } from '../source/session';

export interface Step {
  readonly what: string;
  /** `undefined`: unknown. */
  readonly said: string | undefined;
  readonly tone: 'good' | 'bad' | 'plain';
  /** What the words mean. */
  readonly hint?: string;
}

/** Of the gateway with its time and its function. */
export interface ShownLine {
  readonly line: Line;
  readonly function?: string;
  readonly timestamp?: string;
}

export interface Explanation {
  readonly steps: readonly Step[];
  /** Whether a line tells what became of the message. */
  readonly isKnown: boolean;
  /** Messages that the counts are of; 1 when they are this message's own. */
  readonly batch: number;
  readonly lines: readonly ShownLine[];
}

/** Whether the server of this page has to search for the lines of the message. AWS bills that, so the user asks for it. */
export function isSearchNeeded({ sequence, epoch }: Message): boolean {
  return session.value?.logsKey !== undefined && sequence !== undefined && epoch !== undefined;
}

/** Every line that may be about the message. */
export async function linesAbout(message: Message): Promise<readonly ShownLine[]> {
  const { id, epoch, timestamp } = message;
  if (isSearchNeeded(message) && epoch !== undefined)
    return (await searchLines({ id, epoch, timestamp })).map((line) => ({ line }));
  const { isLaptop = false } = session.value ?? {};
  return isLaptop ? ((await linesWith(searchesFor(message))) ?? []) : [];
}

export function explain(message: Message, lines: readonly ShownLine[]): Explanation {
  const { delivery, pushedTo } = explanationOf(
    message,
    lines.map(({ line }) => line),
  );
  const pushed = pushedTo.map((connectionId): Step => ({
    what: 'Pushed to',
    said: connectionId,
    tone: 'good',
  }));
  return {
    steps: [...accepted(message), ...delivered(delivery), ...pushed],
    isKnown: delivery !== undefined,
    batch: delivery?.batch ?? 1,
    lines,
  };
}

function accepted({ sequence, epoch, timestamp }: Message): Step[] {
  return [
    { what: 'Accepted', said: new Date(timestamp).toISOString(), tone: 'good' },
    sequence === undefined
      ? { what: 'Stored', said: 'no: it is ephemeral', tone: 'plain' }
      : { what: 'Stored', said: `number ${sequence}, epoch ${epoch ?? '?'}`, tone: 'good' },
  ];
}

const words: Readonly<Record<Outcome, string>> = {
  delivered: 'Posted',
  handed: 'Handed to workers',
  gone: 'Gone',
  throttled: 'Throttled',
  failed: 'Failed',
  refused: 'Refused',
  lost: 'No answer',
  late: 'Too late to send',
};
const plain: ReadonlySet<Outcome> = new Set(['handed']);

function delivered(delivery: Delivery | undefined): Step[] {
  const { ackMs, matched, counts, batch = 1 } = delivery ?? {};
  const isBrokenOff = delivery !== undefined && matched === undefined;
  const posts = outcomes.flatMap((name): Step[] => {
    const count = counts?.[name] ?? 0;
    if (count === 0 && (name !== 'delivered' || isBrokenOff)) return [];
    const said = `${isBrokenOff ? 'at least ' : ''}${count}`;
    const tone = name === 'delivered' ? 'good' : plain.has(name) ? 'plain' : 'bad';
    return [{ what: words[name], said, tone, hint: meanings[name] }];
  });
  return [
    {
      what: 'Acknowledged',
      said: ackMs === undefined ? undefined : `after ${Math.round(ackMs)} ms`,
      tone: 'good',
    },
    {
      what: batch === 1 ? 'Matched connections' : 'Matched copies',
      said: matched?.toString(),
      tone: 'plain',
    },
    ...(delivery === undefined
      ? [{ what: words.delivered, said: undefined, tone: 'plain' } as const]
      : posts),
  ];
}
