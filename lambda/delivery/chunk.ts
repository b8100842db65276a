/**
 * The payload of a fan-out worker: the messages as receivers of each level read them, and a part of the receivers.
 * The writer and the reader are in one file, so that they cannot differ.
 */
import type { Receiver } from './fan-out';
import type { Outgoing } from './outgoing';

export interface Chunk {
  readonly tenantId: string;
  readonly channelId: string;
  readonly messages: readonly Outgoing[];
  readonly receivers: readonly Receiver[];
  /** When it was written, epoch milliseconds; absent in those of earlier deployments. */
  readonly at: number | undefined;
}

/** Short: an event is billed and limited by its size. Connection, agent, level, and when it stops receiving. */
type ReceiverTuple = readonly [string, string, number, number];

export function encodeChunk({ tenantId, channelId, messages, receivers, at }: Chunk): object {
  const levels = [...new Set(receivers.map(({ level }) => level))];
  return {
    tenant: tenantId,
    channel: channelId,
    at,
    texts: Object.fromEntries(levels.map((level) => [level, textsFor(messages, level)])),
    receivers: receivers.map(({ connectionId, agentId, level, expiresAt }): ReceiverTuple => [
      connectionId,
      agentId,
      level,
      expiresAt,
    ]),
  };
}

export function textsFor(messages: readonly Outgoing[], level: number): string[] {
  return messages.map(({ textFor }) => textFor(level));
}

/** Throws when the event is none of ours. */
export function decodeChunk(event: Readonly<Record<string, unknown>>): Chunk {
  const { tenant, channel, texts, receivers, at } = event;
  if (
    typeof tenant !== 'string' ||
    typeof channel !== 'string' ||
    typeof texts !== 'object' ||
    texts === null ||
    !Object.values(texts).every(isTexts) ||
    !Array.isArray(receivers) ||
    !receivers.every(isReceiverTuple) ||
    (at !== undefined && typeof at !== 'number')
  ) {
    throw new Error('The event is no chunk of a fan-out');
  }
  const byLevel = texts as Readonly<Record<string, readonly string[]>>;
  const count = Object.values(byLevel)[0]?.length ?? 0;
  return {
    tenantId: tenant,
    channelId: channel,
    messages: Array.from({ length: count }, (_, index) => ({
      textFor: (level) => byLevel[level]?.[index] ?? '',
      acknowledged: Promise.resolve(),
      echo: undefined,
    })),
    receivers: receivers.map(([connectionId, agentId, level, expiresAt]) => ({
      connectionId,
      agentId,
      level,
      echo: true,
      expiresAt,
    })),
    at,
  };
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((text) => typeof text === 'string');
}

function isReceiverTuple(value: unknown): value is ReceiverTuple {
  if (!Array.isArray(value)) return false;
  const [connectionId, agentId, level, expiresAt] = value as unknown[];
  return (
    typeof connectionId === 'string' &&
    typeof agentId === 'string' &&
    (level === 0 || level === 1) &&
    typeof expiresAt === 'number'
  );
}
