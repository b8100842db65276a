/** What the audit log says of one frame: a grant that was missing, or what was read. Never its content. */
import type { Code, ParsedControl, ParsedMessage } from '../../protocol/index';
import type { LogFields } from '../shared/ports';

export interface AuditedFrame {
  readonly event: 'grant_denied' | 'history_read' | 'presence_read';
  readonly fields: LogFields;
}

export function deniedMessage(
  { to, channelId, metadata }: ParsedMessage,
  own: string | undefined,
): AuditedFrame {
  const receiver = to ?? (channelId === undefined && own === undefined ? metadata.to : undefined);
  return {
    event: 'grant_denied',
    fields: {
      operation: 'publish',
      channel_id: receiver === undefined ? (channelId ?? own) : undefined,
      to: typeof receiver === 'string' ? receiver : undefined,
    },
  };
}

/** `undefined` when the frame was refused for another reason. */
export function deniedByControl(frame: ParsedControl, code: Code): AuditedFrame | undefined {
  if (code !== 'forbidden') return undefined;
  return { event: 'grant_denied', fields: { operation: frame.type, channel_id: channelOf(frame) } };
}

/** `undefined` for frames that read nothing of others. */
export function readByControl(frame: ParsedControl): AuditedFrame | undefined {
  if (frame.type === 'history') return { event: 'history_read', fields: { channel_id: channelOf(frame) } };
  if (frame.type === 'presence' && frame.query !== undefined) return { event: 'presence_read', fields: {} };
  return undefined;
}

function channelOf(frame: ParsedControl): string | undefined {
  return 'channelId' in frame ? frame.channelId : undefined;
}
