/**
 * What is known of one message's way: its place in the log, and what the functions wrote about it. Whatever no line tells is
 * unknown; nothing is guessed.
 */
import type { Message } from '@artcafe/pubsub';
import type { LogLine } from '../source/gateway';
import { linesWith, numberIn, outcomes, receiversIn } from '../source/log';

export interface Step {
  readonly what: string;
  /** `undefined`: unknown. */
  readonly said: string | undefined;
  readonly tone: 'good' | 'bad' | 'plain';
}

export interface Explanation {
  readonly steps: readonly Step[];
  /** In how many messages of one text the counts are shared; 1 when they are this message's own. */
  readonly batch: number;
  readonly lines: readonly LogLine[];
}

export async function explain(message: Message): Promise<Explanation> {
  const lines = (await linesWith(message.id)) ?? [];
  const published = lines.map(({ line }) => line).find((line) => isAbout(line, message));
  const batch = numberIn(published ?? {}, 'frames') ?? 1;
  return { steps: [...accepted(message), ...delivered(published)], batch, lines };
}

/** An id may be used again, so the channel and the sequence have to fit as well. */
function isAbout(line: LogLine['line'], { id, channelId, agentId, sequence }: Message): boolean {
  if (line.event !== 'published' || line.channel_id !== channelId || line.agent_id !== agentId) return false;
  if (!Array.isArray(line.ids) || !line.ids.includes(id)) return false;
  const [first, last] = [numberIn(line, 'first_sequence'), numberIn(line, 'last_sequence')];
  return (
    sequence === undefined ||
    (first !== undefined && last !== undefined && first <= sequence && sequence <= last)
  );
}

function accepted({ sequence, epoch, timestamp }: Message): Step[] {
  return [
    { what: 'Accepted', said: new Date(timestamp).toISOString(), tone: 'good' },
    sequence === undefined
      ? { what: 'Stored', said: 'no: it is ephemeral', tone: 'plain' }
      : { what: 'Stored', said: `number ${sequence}, epoch ${epoch ?? '?'}`, tone: 'good' },
  ];
}

const words: Readonly<Record<(typeof outcomes)[number], string>> = {
  delivered: 'Posted',
  gone: 'Gone',
  throttled: 'Throttled',
  failed: 'Failed',
  refused: 'Refused',
  lost: 'No answer',
  late: 'Too late to send',
};

/** A line leaves out what did not happen. Without the line, or without counts in it, nothing is known. */
function delivered(line: LogLine['line'] | undefined): Step[] {
  const receivers = line && receiversIn(line);
  const ack = line && numberIn(line, 'ack_ms');
  const posts: Step[] =
    line === undefined || receivers === undefined
      ? [{ what: 'Posted', said: undefined, tone: 'plain' }]
      : outcomes.flatMap((name): Step[] => {
          const count = numberIn(line, name) ?? 0;
          if (count === 0 && name !== 'delivered') return [];
          return [{ what: words[name], said: String(count), tone: name === 'delivered' ? 'good' : 'bad' }];
        });
  return [
    {
      what: 'Acknowledged',
      said: ack === undefined ? undefined : `after ${Math.round(ack)} ms`,
      tone: 'good',
    },
    { what: 'Matched connections', said: receivers?.toString(), tone: 'plain' },
    ...posts,
  ];
}
