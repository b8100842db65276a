/**
 * A row of MessageTable, written and read. Bodies are text, or compressed when that is cheaper to write; never a DynamoDB
 * map, which stops at 32 levels and at numbers of 38 digits. A checksum tells a damaged row from a message.
 */
import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib';
import { limits } from '../../../protocol/index';
import { messageTable } from '../../contract';
import type { MessageFields, MessageRow, Checkpoint, StoredRow } from '../../shared/stores/history-store';

const compressedFromBytes = 2_048;
/** Stops what a damaged body might inflate to. */
const maxBodyBytes = 2 * limits.messageBytes;

/** DynamoDB deletes whole seconds too early otherwise. An hour, because item 0 counts on rows that outlive all clocks and calls. */
const deletionMarginSeconds = 3_600;
/** An item 0 that proves nothing any more still keeps the sequences of the next epoch above those of the last. */
const checkpointMarginSeconds = 86_400;

/** Bodies are large, have to be inflated, and tell nothing about places. */
export const attributesWithoutBody = [
  'sequence',
  'epoch',
  'nonce',
  'id',
  'agent',
  'retry',
  'at',
  'expires_at',
  'mark',
];

export interface MessageFieldsItem {
  readonly sequence: number;
  readonly epoch: string;
  readonly nonce: string;
  readonly id: string;
  readonly agent: string;
  /** Only when true. */
  readonly retry?: boolean;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly expires_at: number;
}

export interface MessageItem extends MessageFieldsItem {
  readonly body: string | Uint8Array;
  /** Only when true; then id, agent, nonce and body are empty. */
  readonly erased?: boolean;
  readonly crc: number;
}

export interface CheckpointItem {
  readonly epoch: string;
  /** The position's sequence; the item's own is 0. */
  readonly mark: number;
  readonly expires_at: number;
}

export function key(subject: string, sequence: number): Record<string, string | number> {
  return { [messageTable.partitionKey]: subject, [messageTable.sortKey]: sequence };
}

export function toItem(subject: string, row: MessageRow): Record<string, unknown> {
  const { sequence, epoch, nonce, id, agentId, isRetry, timestamp, body, expiresAt } = row;
  return {
    ...key(subject, sequence),
    epoch,
    nonce,
    id,
    agent: agentId,
    ...(isRetry && { retry: true }),
    at: timestamp,
    expires_at: expiresAt,
    body: Buffer.byteLength(body) > compressedFromBytes ? deflateRawSync(body) : body,
    crc: checksum(row, body),
    [messageTable.ttl]: Math.ceil(expiresAt / 1_000) + deletionMarginSeconds,
  };
}

export function toRow(item: MessageItem): StoredRow {
  const entry = toMessageFields(item);
  if (item.erased === true) return { ...entry, body: undefined, isErased: true };
  const body = readBody(item.body);
  return { ...entry, body: body !== undefined && checksum(entry, body) === item.crc ? body : undefined };
}

export function toMessageFields(item: MessageFieldsItem): MessageFields {
  return {
    sequence: item.sequence,
    epoch: item.epoch,
    nonce: item.nonce,
    id: item.id,
    agentId: item.agent,
    isRetry: item.retry === true,
    timestamp: item.at,
    expiresAt: item.expires_at,
  };
}

export function toCheckpoint(item: CheckpointItem): Checkpoint {
  return { epoch: item.epoch, sequence: item.mark, expiresAt: item.expires_at };
}

/** Epoch seconds. */
export function checkpointTtl(expiresAt: number): number {
  return Math.ceil(expiresAt / 1_000) + checkpointMarginSeconds;
}

/** Over all that a receiver gets. */
function checksum({ epoch, sequence, id, agentId, timestamp }: MessageFields, body: string): number {
  return crc32(body, crc32(JSON.stringify([epoch, sequence, id, agentId, timestamp])));
}

function readBody(body: unknown): string | undefined {
  if (typeof body === 'string') return body;
  if (!(body instanceof Uint8Array)) return undefined;
  try {
    return inflateRawSync(body, { maxOutputLength: maxBodyBytes }).toString();
  } catch {
    return undefined;
  }
}
