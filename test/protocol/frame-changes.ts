/**
 * Changes of a frame, most of which spoil it: a field is set to a value that is at a border or of another kind, added or
 * taken away. What the guards must say of the result is not known here; the schema says it.
 */
import fc from 'fast-check';
import { isJsonObject, type JsonObject } from '../../protocol/index';

/** One change: the value at the path is replaced, or removed when it is `undefined`. */
export interface Change {
  readonly path: readonly (string | number)[];
  readonly value: unknown;
}

const position = { epoch: 'e', sequence: 1 };
const emoji = '\ud83d\ude00';
const ofChannels = (count: number) => Array.from({ length: count }, (_, n) => ({ channel_id: `c${n}` }));

export const values: readonly unknown[] = [
  undefined,
  null,
  true,
  false,
  ...[
    0,
    -0,
    -1,
    0.5,
    1,
    20,
    99,
    100,
    101,
    1_000,
    1_001,
    2 ** 53 - 1,
    2 ** 53,
    2_073_600_000,
    2_073_600_001,
    1e300,
  ],
  ...[
    '',
    'a',
    'A',
    'a b',
    'ä',
    'a/b',
    '9',
    '$',
    '1',
    'true',
    'offline',
    'offline ',
    'online',
    'message',
    'chat.x_y:z-1',
  ],
  ...[
    '$inbox',
    '$presence',
    '$other',
    '__proto__',
    'constructor',
    emoji,
    'a\n',
    '\u0000',
    '\u007f',
    '\u0085',
    '\u00a0',
  ],
  ...['\ud800', 'a\udfff', '\u2028', 'hello', 'subscribe', 'unsubscribe', 'history', 'presence', 'ping'],
  ...[64, 65, 128, 129].map((length) => 'x'.repeat(length)),
  ...[32, 33, 64, 65].map((length) => emoji.repeat(length)),
  [],
  {},
  [null],
  ['a', 'a'],
  [''],
  [position],
  ...[20, 21, 100, 101].map(ofChannels),
  ...[50, 51].map((length) => Array.from({ length }, (_, n) => `c${n}`)),
  position,
  { epoch: null, sequence: null },
  { epoch: 'e' },
  { sequence: 1 },
  { ...position, other: 1 },
  { channel_id: 'c' },
  { channel_id: 'c', ...position, handled: 'no matter' },
  { channel_id: '$presence', ...position },
  { channel_id: '$inbox', handled: position },
  { channel_id: '$inbox', ...position, handled: {} },
  { channel_id: '$inbox', handled: { epoch: 'e' } },
  { name: null, version: 'x' },
  { other: null },
  { other: 1 },
  { limit: 100, online: false },
];

/** Fields of all frames, and two that no frame has. */
const names: readonly string[] = [
  ...['id', 'type', 'channel_id', 'content', 'metadata', 'to', 'ephemeral', 'retry', 'echo', 'expects_reply'],
  ...[
    'timeout_ms',
    'expires_at',
    'correlation_id',
    'in_reply_to',
    'traceparent',
    'resume',
    'client',
    'status',
  ],
  ...[
    'capabilities',
    'since',
    'after',
    'before',
    'limit',
    'channels',
    'query',
    'epoch',
    'sequence',
    'handled',
  ],
  ...['name', 'version', 'agent_id', 'capability', 'online', 'other', 'tenant_id'],
];

/** Every place in the value, and beside every field one of another name. */
export function pathsIn(value: unknown, path: Change['path'] = []): Change['path'][] {
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => [[...path, index], ...pathsIn(item, [...path, index])]);
  }
  if (!isJsonObject(value)) return [];
  const inside = Object.entries(value).flatMap(([name, item]) => pathsIn(item, [...path, name]));
  const beside = [...new Set([...Object.keys(value), ...names])].map((name) => [...path, name]);
  return [...beside, ...inside];
}

export function changed(frame: JsonObject, { path, value }: Change): JsonObject {
  const copy = structuredClone(frame);
  let parent: unknown = copy;
  for (const step of path.slice(0, -1))
    parent = (parent as Record<string | number, unknown> | undefined)?.[step];
  const last = path.at(-1);
  // An earlier change may have removed the place.
  if (typeof parent !== 'object' || parent === null || last === undefined) return copy;
  Object.defineProperty(parent, last, { value, enumerable: true, configurable: true, writable: true });
  return copy;
}

/** A frame with this many fields. */
export function withFields(frame: JsonObject, count: number): JsonObject {
  const more = count - Object.keys(frame).length;
  return { ...frame, ...Object.fromEntries(Array.from({ length: more }, (_, n) => [`f${n}`, n])) };
}

/** A few changes of one of the frames at once. */
export function changedFrame(examples: readonly JsonObject[]): fc.Arbitrary<JsonObject> {
  const value = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...values) },
    { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
  );
  const changes = examples.map((frame) => {
    const change = fc.record({ path: fc.constantFrom(...pathsIn(frame)), value });
    return fc
      .array(change, { minLength: 1, maxLength: 3 })
      .map((list) => list.reduce((result, each) => changed(result, each), frame));
  });
  return fc.oneof(...changes);
}
