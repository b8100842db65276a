/** Prints results: a line to read, or with `--json` one JSON object per line (NDJSON) with the names of the wire. */
import { styleText } from 'node:util';
import type { Message } from '@artcafe/pubsub';
import type { Io } from './io';

type Style = 'bold' | 'cyan' | 'dim' | 'green' | 'red' | 'yellow';

/** What is printed of a message, and all else that it has. */
export interface WireMessage {
  readonly type: string;
  readonly content: unknown;
  readonly agent_id: string;
  /** ISO 8601. */
  readonly timestamp: string;
  readonly sequence?: number | undefined;
  readonly [name: string]: unknown;
}

export class Printer {
  constructor(
    readonly io: Io,
    private readonly isJson: boolean,
  ) {}

  /** One result, in either form. */
  result(value: object, line: string): void {
    this.io.write(`${this.isJson ? JSON.stringify(value) : line}\n`);
  }

  /** What only a person wants to know: not with `--json`, not in a pipe. */
  progress(text: string): void {
    if (this.io.isTerminal && !this.isJson) this.io.complain(`${this.styled('dim', text)}\n`);
  }

  message(message: Message, source?: string): void {
    this.wireMessage(wireForm(message), source);
  }

  /** @param source the channel, where messages of several are printed */
  wireMessage(message: WireMessage, source?: string): void {
    const { agent_id: agentId, content, sequence, type, timestamp } = message;
    const time = this.styled('dim', timestamp.slice(11, 23));
    const place = [source, sequence === undefined ? undefined : `#${sequence}`].filter(isText).join(' ');
    const kind = type === 'message' ? '' : ` ${type}`;
    const who = this.styled('cyan', printable(agentId));
    const what = printable(typeof content === 'string' ? content : JSON.stringify(content));
    this.result(
      message,
      `${time} ${place === '' ? '' : `${this.styled('dim', place)} `}${who}${kind}  ${what}`,
    );
  }

  styled(style: Style, text: string): string {
    const wantsColour = this.io.isTerminal && !this.isJson && this.io.environment.NO_COLOR === undefined;
    return wantsColour ? styleText(style, text, { validateStream: false }) : text;
  }
}

/** What other agents wrote must not steer the terminal. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) =>
    character === '\n' || character === '\t'
      ? ' '
      : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** As a frame of the protocol, so that scripts read the same names everywhere. */
export function wireForm(message: Message): WireMessage {
  return {
    ...message.extra,
    id: message.id,
    type: message.type,
    content: message.content,
    metadata: message.metadata,
    tenant_id: message.tenantId,
    agent_id: message.agentId,
    channel_id: message.channelId,
    to: message.to,
    timestamp: new Date(message.timestamp).toISOString(),
    sequence: message.sequence,
    epoch: message.epoch,
    ...(message.replayed && { replayed: true }),
    correlation_id: message.correlationId,
    in_reply_to: message.inReplyTo,
    traceparent: message.traceparent,
    ...(message.expectsReply && { expects_reply: true }),
  };
}

function isText(text: string | undefined): text is string {
  return text !== undefined && text !== '';
}
