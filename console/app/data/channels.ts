/** The channels that the page watches: those that log lines of the laptop name, and those that were opened by name. */
import { signal } from '@preact/signals';
import type { Message } from '@artcafe/pubsub';
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
export const channelsState = signal<'loading' | 'ready'>('loading');
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

/** Whether the page watches the channel; `false` when it watches as many as it may. */
export function addChannel(id: string): boolean {
  if (!drafts.has(id) && drafts.size >= maxChannels) return false;
  draftOf(id);
  return true;
}

export function hasChannel(id: string): boolean {
  return drafts.has(id);
}

/** Of a live message. */
export function noteMessage({ channelId = '', sequence, epoch, timestamp }: Message): void {
  notePosition({ channelId, sequence, epoch, timestamp });
  draftOf(channelId).meter.note(Date.now());
}

/** Of any message: the newest one is the head. */
export function notePosition({
  channelId = '',
  sequence,
  epoch,
  timestamp,
}: Pick<Message, 'channelId' | 'sequence' | 'epoch' | 'timestamp'>): void {
  const draft = draftOf(channelId);
  if (draft.at !== undefined && timestamp < draft.at) return;
  draft.at = timestamp;
  if (sequence !== undefined && epoch !== undefined) {
    draft.sequence = epoch === draft.epoch ? Math.max(draft.sequence, sequence) : sequence;
    draft.epoch = epoch;
  }
}

export function noteSubscribers(id: string, count: number): void {
  draftOf(id).subscribers = count;
}

/** Once a second: rates fall also when nothing comes. */
export function showChannels(): void {
  const now = Date.now();
  channels.value = [...drafts].map(([id, { meter, ...rest }]) => ({ id, ...rest, rate: meter.rate(now) }));
}
