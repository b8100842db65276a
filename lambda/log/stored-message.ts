/**
 * What a log keeps of a message, and the message again from its row. Both directions stand here, so that they can't
 * drift apart.
 */
import { isJsonObject, isMessageType, type JsonObject, type Message } from '../../protocol/index';
import type { MessageRow, StoredRow } from '../shared/stores/history-store';

/** Who sent the message, when and under which id are the row's own columns. */
export function bodyOf({ type, content, metadata, extra, expiresAt }: Message): string {
  // First, so that it is found without reading the rest; beside `extra`, where a user's own field of this name stands.
  return JSON.stringify({ expires_at: expiresAt, type, content, metadata, extra });
}

const expiryPattern = /^\{"expires_at":(\d+),/;

/** Whether nobody waits for the reply any more. Only a request with a timeout can be; one that an earlier release stored has none. */
export function isExpiredRequest({ body = '' }: Pick<StoredRow, 'body'>, now: number): boolean {
  const expiresAt = expiryPattern.exec(body)?.[1];
  return expiresAt !== undefined && Number(expiresAt) <= now;
}

/**
 * A row of the log of `channelId`, or of the inbox of `to`. A part that the body lacks gets its default, and one that we
 * don't know is left out: the row may have been written by an older or a newer release. `undefined` for a body that is no JSON object.
 */
export function messageOfRow(
  row: Pick<MessageRow, 'id' | 'agentId' | 'timestamp' | 'body'>,
  tenantId: string,
  channelId: string | undefined,
  to?: string,
): Message | undefined {
  const body = parse(row.body);
  if (body === undefined) return undefined;
  const { type, content, metadata, extra, expires_at: expiresAt } = body;
  return {
    id: row.id,
    type: typeof type === 'string' && isMessageType(type) ? type : 'message',
    content: content ?? null,
    metadata: objectOf(metadata),
    extra: objectOf(extra),
    tenantId,
    agentId: row.agentId,
    channelId,
    to,
    timestamp: row.timestamp,
    ...(typeof expiresAt === 'number' && { expiresAt }),
  };
}

function parse(body: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function objectOf(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}
