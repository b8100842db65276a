/**
 * Text messages as an attacker would write them, each with what must come of it. What is good or bad is known by construction,
 * never by asking the parser.
 */
import fc from 'fast-check';

export interface HostileText {
  readonly text: string;
  /** One per answer, in order: `ACK`, or the codes that the ERROR may have. */
  readonly answers: readonly ('ACK' | readonly string[])[];
}

const invalid = ['invalid_message'] as const;
const overLimit = ['limit_exceeded'] as const;
const tooMany = [overLimit] as const;
const deepest = 100_000;

const nasty = fc.constantFrom(
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '\u0000',
  '\u0000null',
  '\ud800',
  '\udfff\ud800',
  '\ufeff',
  '\u202e',
  '\u2028',
  '%2F',
  '../..',
  "'; DROP TABLE x; --",
  '${jndi:ldap://x}',
  '{{7*7}}',
  '<script>alert(1)</script>',
  '*',
  '$inbox',
  '$presence',
  't/channel/c',
  ' ',
  '',
);
const anyText = fc.oneof(nasty, fc.string({ unit: 'binary', maxLength: 40 }), fc.string({ maxLength: 40 }));

/** JSON texts rather than values: some can't be written from a value. */
const scalarText = fc.oneof(
  anyText.map((text) => JSON.stringify(text)),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.constantFrom(
    '0',
    '-0',
    '1e308',
    '1E-400',
    '9007199254740993',
    'true',
    'false',
    '"\\ud800"',
    '"\\u0000"',
  ),
);
const valueText = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    scalarText,
    fc.array(tie('value'), { maxLength: 5 }).map((items) => `[${items.join()}]`),
    fc
      .array(fc.tuple(anyText, tie('value')), { maxLength: 5 })
      .map((pairs) => `{${pairs.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join()}}`),
  ),
})).value;

const nested = (levels: number, open = '[', close = ']'): string =>
  open.repeat(levels) + close.repeat(levels);
const tooDeep = fc
  .tuple(fc.constantFrom(65, 66, 500), fc.boolean())
  .map(([levels, isObject]) =>
    isObject ? `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}` : nested(levels),
  );
const outOfRange = fc.constantFrom('1e400', '-1e400', '[1e999]', '{"a":{"b":-1e309}}');

interface Field {
  readonly name: string;
  readonly text: string;
}

const field = (name: string, texts: fc.Arbitrary<string>): fc.Arbitrary<Field> =>
  texts.map((text) => ({ name, text }));
const notAString = fc.constantFrom('7', 'true', '[]', '{}', '["m1"]', '{"toString":1}', '1e400');
const controlText = fc
  .tuple(anyText, fc.constantFrom('\u0000', '\u0007', '\u001b', '\u007f', '\u0085', '\ud800', '\udc00'))
  .map(([text, bad]) => JSON.stringify(`a${bad}${text}`));
const badId = fc.oneof(
  notAString,
  controlText,
  fc.constant('""'),
  fc.integer({ min: 129, max: 1_500 }).map((length) => JSON.stringify('x'.repeat(length))),
);
const badChannel = fc.oneof(
  notAString,
  controlText,
  fc.constantFrom('""', '"a b"', '"ä"', '"*"', '"a/*"', '"t/channel/c"', '"$other"', '"../c"', '"c\\n"'),
  fc.integer({ min: 129, max: 400 }).map((length) => JSON.stringify('c'.repeat(length))),
);
const notABoolean = fc.constantFrom('0', '1', '"true"', '[]', '{}', '""');

/** A field that spoils a good frame, and the codes that it may be answered with. */
const spoiler: fc.Arbitrary<{ field: Field; codes: readonly string[] }> = fc.oneof(
  field('id', badId).map((each) => ({ field: each, codes: invalid })),
  field(
    'type',
    fc.oneof(
      notAString,
      fc.constant('""'),
      fc.integer({ min: 65, max: 400 }).map((n) => JSON.stringify('t'.repeat(n))),
    ),
  ).map((each) => ({ field: each, codes: invalid })),
  field(
    'type',
    fc.constantFrom('"ACK"', '"ERROR"', '"Message"', '"hello world"', '"é"', '"__proto__"', '"1"'),
  ).map((each) => ({ field: each, codes: ['unknown_type'] })),
  field('channel_id', badChannel).map((each) => ({ field: each, codes: invalid })),
  field('channel_id', fc.constantFrom('"$inbox"', '"$presence"', '"not.granted"')).map((each) => ({
    field: each,
    codes: ['forbidden'],
  })),
  field('to', badId).map((each) => ({ field: each, codes: invalid })),
  field('metadata', fc.constantFrom('7', '"x"', '[]', 'true', '1e400')).map((each) => ({
    field: each,
    codes: invalid,
  })),
  fc
    .tuple(fc.constantFrom('ephemeral', 'retry', 'echo', 'expects_reply'), notABoolean)
    .map(([name, text]) => ({ field: { name, text }, codes: invalid })),
  fc
    .tuple(fc.constantFrom('correlation_id', 'in_reply_to', 'traceparent'), badId)
    .map(([name, text]) => ({ field: { name, text }, codes: invalid })),
  fc
    .tuple(fc.constantFrom('content', 'further', '__proto__'), fc.oneof(tooDeep, outOfRange))
    .map(([name, text]) => ({ field: { name, text }, codes: invalid })),
  fc.constant({ field: { name: 'to', text: '"b","channel_id":"c"' }, codes: invalid }),
);

const extras = fc.array(
  fc
    .tuple(
      fc.oneof(nasty, fc.constantFrom('tenant_id', 'agent_id', 'timestamp', 'sequence', 'epoch', 'replayed')),
      valueText,
    )
    .map(([name, text]) => ({ name, text })),
  { maxLength: 3 },
);

const written = (fields: readonly Field[]): string =>
  `{${fields.map(({ name, text }) => `${JSON.stringify(name)}:${text}`).join()}}`;

interface HostileFrame {
  readonly text: string;
  readonly answer: 'ACK' | readonly string[];
}

/** Every frame that is to be acknowledged has an id; the caller may publish to `c` and what begins with `open.`. */
const goodFrame: fc.Arbitrary<HostileFrame> = fc
  .tuple(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }).filter((id) => !/\p{Cc}/u.test(id)),
    valueText,
    extras,
    fc.constantFrom('', ',"channel_id":"open.x"', ',"to":"__proto__"', ',"to":"b/../%2F"', ',"retry":true'),
    fc.constantFrom(',"ephemeral":true', ''),
  )
  .map(([id, content, more, where, how]) => {
    const fields = [...more, { name: 'id', text: JSON.stringify(id) }, { name: 'content', text: content }];
    return { text: `${written(fields).slice(0, -1)}${where}${how}}`, answer: 'ACK' };
  });

const spoiledFrame: fc.Arbitrary<HostileFrame> = fc
  .tuple(spoiler, extras, valueText)
  .map(([{ field: bad, codes }, more, content]) => ({
    // The last of two fields of one name counts, so that no second field can repair a bad one.
    text: written([...more, { name: 'id', text: '"m1"' }, { name: 'content', text: content }, bad]),
    answer: codes,
  }));

const badPosition = fc.constantFrom(
  '7',
  '"x"',
  '[]',
  '{"epoch":"e"}',
  '{"sequence":1}',
  '{"epoch":"e","sequence":-1}',
  '{"epoch":"e","sequence":1.5}',
  '{"epoch":"e","sequence":1e400}',
  '{"epoch":"e","sequence":"1"}',
  '{"epoch":7,"sequence":1}',
);
const listedChannel = '{"channel_id":"c"}';
const badList = fc.oneof(
  fc.constantFrom('7', '"c"', '{}', '[7]', '[null]', '[[]]', '[{}]'),
  badChannel.map((channel) => `[{"channel_id":${channel}}]`),
  badPosition
    .map((position) => `[{"channel_id":"c","epoch":${position},"sequence":1}]`)
    .filter((text) => !text.includes('"epoch":"x"')),
);
const longList = fc
  .integer({ min: 101, max: 900 })
  .map((count) => `[${Array<string>(count).fill(listedChannel).join()}]`);
/** Frames that ask the service for something, each with one field that it can't be. */
const spoiledControl: fc.Arbitrary<HostileFrame> = fc
  .oneof(
    fc.tuple(fc.constantFrom('subscribe', 'unsubscribe', 'history'), fc.constant('channel_id'), badChannel),
    fc.tuple(
      fc.constantFrom('subscribe', 'unsubscribe', 'history', 'hello', 'ping'),
      fc.constant('id'),
      badId,
    ),
    fc.tuple(fc.constant('subscribe'), fc.constant('since'), badPosition),
    fc.tuple(fc.constant('history'), fc.constantFrom('after', 'before'), badPosition),
    fc.tuple(
      fc.constant('history'),
      fc.constant('limit'),
      fc.constantFrom('0', '-1', '1.5', '1e9', '"5"', '[]'),
    ),
    ...[badList, longList].flatMap((list) => [
      fc.tuple(fc.constant('hello'), fc.constant('resume'), list),
      fc.tuple(fc.constant('ping'), fc.constant('channels'), list),
    ]),
  )
  .map(([type, name, text]) => ({
    text: `{"type":"${type}","id":"m1","channel_id":"c",${JSON.stringify(name)}:${text}}`,
    answer: longListValues(text) > 0 ? overLimit : invalid,
  }));

const noFrame: fc.Arbitrary<HostileFrame> = fc.oneof(
  scalarText.map((text) => ({ text, answer: invalid })),
  fc.constantFrom('{}', '{"id":"m1"}', '[]', 'null').map((text) => ({ text, answer: invalid })),
);

const single = fc.oneof(
  { weight: 3, arbitrary: goodFrame },
  { weight: 6, arbitrary: spoiledFrame },
  { weight: 2, arbitrary: spoiledControl },
  { weight: 1, arbitrary: noFrame },
);
const asText = ({ text, answer }: HostileFrame): HostileText => ({ text, answers: [answer] });

const batch: fc.Arbitrary<HostileText> = fc
  .array(
    fc.oneof(
      { weight: 9, arbitrary: single },
      // A batch inside a batch is no frame, whatever is in it.
      {
        weight: 1,
        arbitrary: fc
          .array(single, { maxLength: 3 })
          .map((frames) => ({ text: `[${frames.map(({ text }) => text).join()}]`, answer: invalid })),
      },
    ),
    { minLength: 1, maxLength: 25 },
  )
  .map((frames) => ({ text: `[${frames.map(({ text }) => text).join()}]`, frames }))
  // So near to the limit of values that what else is in the batch would decide.
  .filter(({ text }) => longListValues(text) <= 4_500 || longListValues(text) > 6_000)
  .map(({ text, frames }) => ({
    text,
    answers: longListValues(text) > 6_000 ? tooMany : frames.map(({ answer }) => answer),
  }));
/** What is many in a batch can only be the long lists of channels: of each item the element, the name and the value count. */
const longListValues = (text: string): number => 3 * (text.split(listedChannel).length - 1);
const longBatch: fc.Arbitrary<HostileText> = fc
  .tuple(fc.integer({ min: 26, max: 2_000 }), fc.constantFrom('{"id":"m","content":1}', '[]', '0', '{}'))
  .map(([frames, text]) => ({
    text: `[${Array<string>(frames).fill(text).join()}]`,
    answers: [['limit_exceeded']],
  }));

/** What JSON refuses: random text, and good frames with a scratch. */
const noJson: fc.Arbitrary<HostileText> = fc
  .oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('utf8')),
    fc
      .tuple(single, fc.nat(), fc.constantFrom('\u0000', '{', '"', '\\', ',', ']', 'x'))
      .map(([frame, at, scratch]) => {
        const place = at % (frame.text.length + 1);
        return frame.text.slice(0, place) + scratch + frame.text.slice(place);
      }),
    fc.tuple(goodFrame, fc.nat()).map(([{ text }, at]) => text.slice(0, at % text.length)),
    fc.constantFrom(
      'NaN',
      'undefined',
      '\ufeff{}',
      "{'id':1}",
      '{"a":1,}',
      '[1,]',
      '01',
      '1e',
      '"\u0000"',
      '{}{}',
    ),
    fc.constantFrom(100, 5_000, 30_000).map((levels) => '['.repeat(levels)),
  )
  .filter((text) => !isJson(text))
  .map((text) => ({ text, answers: [invalid] }));

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

export const hostileText: fc.Arbitrary<HostileText> = fc.oneof(
  { weight: 60, arbitrary: single.map(asText) },
  { weight: 20, arbitrary: noJson },
  { weight: 8, arbitrary: batch },
  { weight: 1, arbitrary: longBatch },
);

/** Pads a frame to exactly that number of bytes. */
export function ofBytes(bytes: number, unit = 'x'): string {
  const frame = (content: string): string => `{"id":"m1","content":"${content}"}`;
  const room = bytes - Buffer.byteLength(frame(''));
  const unitBytes = Buffer.byteLength(unit);
  return frame(unit.repeat(Math.floor(room / unitBytes)) + 'x'.repeat(room % unitBytes));
}

const filled = (bytes: number, open: string, item: (n: number) => string, close: string): string => {
  const items: string[] = [];
  for (let length = open.length + close.length, n = 0; ; n++) {
    const next = item(n);
    length += next.length + 1;
    if (length > bytes) break;
    items.push(next);
  }
  return open + items.join() + close;
};

const many = (count: number, open: string, item: (n: number) => string, close: string): string =>
  open + Array.from({ length: count }, (_, n) => item(n)).join() + close;
const named = (n: number): string => `"k${String(n)}":0`;
const oddlyNamed = (n: number): string => `"${String(n * 7_919)}":0`;

/** Few, but as large as the platform lets in: what costs most to read. */
export const largeTexts: readonly (HostileText & { readonly name: string })[] = [
  ...[32_767, 32_768, 32_769, 128_000].flatMap((bytes) =>
    ['x', 'ä', '\\u0000', '😀'].map((unit) => ({
      name: `${String(bytes)} bytes of ${unit}`,
      text: ofBytes(bytes, unit),
      answers: ['ACK' as const],
    })),
  ),
  ...[131_072, 131_073].map((bytes) => ({
    name: `${String(bytes)} bytes`,
    text: ofBytes(bytes),
    answers: [['payload_too_large']],
  })),
  { name: 'depth 10^5', text: nested(deepest), answers: [invalid] },
  { name: 'depth in a field', text: `{"id":"m","content":${nested(60_000)}}`, answers: [invalid] },
  {
    name: 'depth of objects',
    text: `{"id":"m","content":${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}}`,
    answers: [invalid],
  },
  { name: 'depth without an end', text: '['.repeat(131_072), answers: [invalid] },
  { name: 'a wide array', text: filled(130_000, '{"id":"m","content":[', () => '0', ']}'), answers: tooMany },
  {
    name: 'empty objects',
    text: filled(130_000, '{"id":"m","content":[', () => '{}', ']}'),
    answers: tooMany,
  },
  { name: 'many names', text: filled(130_000, '{"id":"m","content":{', named, '}}'), answers: tooMany },
  { name: 'many fields', text: filled(130_000, '{"id":"m","content":0,', named, '}'), answers: tooMany },
  {
    name: 'one name often',
    text: filled(130_000, '{"id":"m","content":{', () => '"a":0', '}}'),
    answers: tooMany,
  },
  { name: 'a thousand fields', text: filled(9_000, '{"id":"m","content":0,', named, '}'), answers: tooMany },
  // As much as may be: what costs most and is taken.
  { name: '5,990 elements', text: many(5_990, '{"id":"m","content":[', () => '0', ']}'), answers: ['ACK'] },
  { name: '5,990 objects', text: many(5_990, '{"id":"m","content":[', () => '{}', ']}'), answers: ['ACK'] },
  { name: '2,990 names', text: many(2_990, '{"id":"m","content":{', named, '}}'), answers: ['ACK'] },
  {
    name: '2,990 numbers as names',
    text: many(2_990, '{"id":"m","content":{', oddlyNamed, '}}'),
    answers: ['ACK'],
  },
  { name: '126 fields', text: many(126, '{"id":"m","content":0,', named, '}'), answers: ['ACK'] },
  {
    name: '4,000 long numbers',
    text: many(4_000, '{"id":"m","content":[', () => '1.7976931348623157e308', ']}'),
    answers: ['ACK'],
  },
  { name: 'one long number', text: `{"id":"m","content":${'9'.repeat(130_000)}}`, answers: [invalid] },
  { name: 'a long id', text: `{"id":"${'x'.repeat(130_000)}","content":1}`, answers: [invalid] },
  {
    name: 'a long channel',
    text: `{"id":"m","channel_id":"${'c'.repeat(130_000)}","content":1}`,
    answers: [invalid],
  },
  {
    name: 'a long type',
    text: `{"id":"m","type":"${'t'.repeat(130_000)}","content":1}`,
    answers: [invalid],
  },
  { name: 'a long batch', text: filled(131_000, '[', () => '[]', ']'), answers: [['limit_exceeded']] },
  {
    name: 'a batch of lists of channels',
    text: `[${Array<string>(3)
      .fill(`{"type":"ping","id":"m","channels":[${Array<string>(800).fill(listedChannel).join()}]}`)
      .join()}]`,
    answers: tooMany,
  },
  { name: 'spaces', text: ' '.repeat(131_072), answers: [invalid] },
];
