/** An agent's status: a dot and its word. */
export function Status({ status }: { readonly status: string }) {
  const tone = status === 'offline' ? 'off' : status === 'online' || status === 'idle' ? 'on' : 'busy';
  return (
    <span class={`status is-${tone}`}>
      <span class="status-dot" aria-hidden="true" />
      {status}
    </span>
  );
}

/** A round mark with the first letters of a name; the colour follows from the name. */
export function Avatar({ name }: { readonly name: string }) {
  return (
    <span class={`avatar hue-${hueOf(name)}`} aria-hidden="true">
      {String.fromCodePoint(name.codePointAt(0) ?? 0x20).toUpperCase()}
    </span>
  );
}

const hues = 8;

export function hueOf(name: string): number {
  let hash = 7;
  for (let index = 0; index < name.length; index++) hash = (hash * 31 + name.charCodeAt(index)) | 0;
  return Math.abs(hash) % hues;
}
