/** JSON in colour. Everything is a text node, so markup in it stays text. */
import type { VNode } from 'preact';

const token = /("(?:\\.|[^"\\])*")(\s*:)?|\b(true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
/** Colouring a longer text takes too long. */
const longest = 20_000;

export function Json({ value }: { readonly value: unknown }) {
  const text = typeof value === 'string' ? value : JSON.stringify(value, null, 2);
  return (
    <pre class="json" tabIndex={0} aria-label="Content">
      {typeof value === 'string' || text.length > longest ? text : coloured(text)}
    </pre>
  );
}

function coloured(text: string): (string | VNode)[] {
  const parts: (string | VNode)[] = [];
  let end = 0;
  for (const match of text.matchAll(token)) {
    const [whole, string, colon, word] = match;
    const kind =
      colon !== undefined ? 'key' : string !== undefined ? 'text' : word !== undefined ? 'word' : 'number';
    parts.push(
      text.slice(end, match.index),
      <span class={`json-${kind}`}>{string ?? whole}</span>,
      colon ?? '',
    );
    end = match.index + whole.length;
  }
  parts.push(text.slice(end));
  return parts;
}
