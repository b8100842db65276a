/** Messages as rows: what a list shows of them, computed when it is first shown or searched. */
import type { Message } from '@artcafe/pubsub';

const previewLength = 400;

export class Row {
  readonly key: string;
  #preview: string | undefined;
  #haystack: string | undefined;

  constructor(
    readonly message: Message,
    /** Epoch ms; of a message that came live. */
    readonly arrivedAt: number | undefined,
  ) {
    const { channelId = '', sequence, id, agentId } = message;
    this.key =
      sequence === undefined
        ? `${channelId}~${agentId}~${id}`
        : `${channelId}#${message.epoch ?? ''}#${sequence}`;
  }

  get channel(): string {
    return this.message.channelId ?? '';
  }

  get preview(): string {
    return (this.#preview ??= this.text().slice(0, previewLength));
  }

  /** Lower case. */
  get haystack(): string {
    const { id, agentId, type } = this.message;
    return (this.#haystack ??=
      `${this.channel} ${agentId} ${id} ${type} ${this.text()} ${JSON.stringify(this.message.metadata)}`.toLowerCase());
  }

  private text(): string {
    const { content } = this.message;
    return typeof content === 'string' ? content : JSON.stringify(content);
  }
}

/** Every word must be there; `agent:` and `channel:` narrow a word to that field. */
export function matcher(query: string, channel: string | undefined): (row: Row) => boolean {
  const words = query
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  return (row) =>
    (channel === undefined || row.channel === channel) && words.every((word) => matchesWord(row, word));
}

function matchesWord(row: Row, word: string): boolean {
  if (word.startsWith('agent:')) return row.message.agentId.toLowerCase().includes(word.slice(6));
  if (word.startsWith('channel:')) return row.channel.toLowerCase().includes(word.slice(8));
  return row.haystack.includes(word);
}
