/** All channels of the tenant: from the directory every 15 s, kept true by what comes live. */
import { signal } from '@preact/signals';
import { channels as listChannels } from '../source/http';
import { RateMeter } from './rate-meter';

export interface ChannelRow {
  readonly id: string;
  readonly epoch: string;
  readonly sequence: number;
  /** Epoch ms of the newest message. */
  readonly at: number | undefined;
  /** Messages a second, over ten seconds. */
  readonly rate: number;
  /** Receivers of the last message, where a log line tells. */
  readonly subscribers: number | undefined;
}

interface Draft {
  epoch: string;
  sequence: number;
  at: number | undefined;
  subscribers: number | undefined;
  readonly meter: RateMeter;
}

export const channels = signal<readonly ChannelRow[]>([]);
export const channelsState = signal<'loading' | 'ready' | { readonly error: string }>('loading');
/** A tenant may have more channels than a page should watch. */
export const maxChannels = 1_000;

const drafts = new Map<string, Draft>();

function draftOf(id: string): Draft {
  let draft = drafts.get(id);
  if (draft === undefined) {
    draft = { epoch: '', sequence: 0, at: undefined, subscribers: undefined, meter: new RateMeter() };
    drafts.set(id, draft);
  }
  return draft;
}

export interface ListedChannel extends Pick<ChannelRow, 'id' | 'epoch'> {
  /** It has begun while this page was open. */
  readonly isNew: boolean;
}

const listed = new Set<string>();
/** Whether the directory was read to its end before: what it lists for the first time after that is new. */
let hasBeenRead = false;

export function isListed(id: string): boolean {
  return listed.has(id);
}

export function listedIds(): readonly string[] {
  return [...listed];
}

/** Gives the channels that the directory has not listed before, up to the number that is watched. */
export async function loadChannels(): Promise<readonly ListedChannel[]> {
  const fresh: ListedChannel[] = [];
  try {
    for await (const page of listChannels()) {
      for (const { channel_id, epoch, sequence, timestamp } of page) {
        if (!listed.has(channel_id) && listed.size < maxChannels) {
          listed.add(channel_id);
          fresh.push({ id: channel_id, epoch, isNew: hasBeenRead });
        }
        const draft = draftOf(channel_id);
        draft.epoch = epoch;
        draft.sequence = Math.max(draft.sequence, sequence);
        if (timestamp !== undefined) draft.at = Math.max(draft.at ?? 0, Date.parse(timestamp));
      }
      if (drafts.size >= maxChannels) break;
    }
    hasBeenRead = true;
    channelsState.value = 'ready';
  } catch (error) {
    channelsState.value = { error: error instanceof Error ? error.message : String(error) };
  }
  showChannels();
  return fresh;
}

export function noteMessage(
  id: string,
  sequence: number | undefined,
  epoch: string | undefined,
  at: number,
): void {
  const draft = draftOf(id);
  if (sequence !== undefined) draft.sequence = Math.max(draft.sequence, sequence);
  if (epoch !== undefined) draft.epoch = epoch;
  draft.at = Math.max(draft.at ?? 0, at);
  draft.meter.note(Date.now());
}

export function noteSubscribers(id: string, count: number): void {
  draftOf(id).subscribers = count;
}

/** Once a second: rates fall also when nothing comes. */
export function showChannels(): void {
  const now = Date.now();
  channels.value = [...drafts].map(([id, { meter, ...rest }]) => ({ id, ...rest, rate: meter.rate(now) }));
}
