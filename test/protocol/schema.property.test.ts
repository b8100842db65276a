/**
 * The schemas of `docs/schema` are those of the types, and a client's frame fits its schema if and only if the guard takes it.
 * FRAMES sets how many random frames are compared.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { type JsonObject, parseText } from '../../protocol/index';
import { schemaFiles, schemaFolder } from '../../protocol/schema/files';
import { clientFrameError, schemasOf, serverFrameError } from '../helpers/frame-schemas';
import { changed, changedFrame, pathsIn, values, withFields } from './frame-changes';

const runs = Number(process.env.FRAMES ?? 5_000);
const examples = [...schemasOf('client').values()].flatMap((schema) => schema.examples) as JsonObject[];

/** Everything that the guards say, and `hello`, `message` … for what they take. */
const verdicts = [
  ...['hello', 'subscribe', 'unsubscribe', 'history', 'presence', 'ping', 'message'],
  ...['A frame must be a JSON object', 'A frame with more than 128 fields', 'Unknown message type'],
  '"id" must be a string of 1–128 characters',
  '"type" must be a string of 1–64 characters',
  '"content" is missing',
  '"metadata" must be an object',
  'Give "to" or "channel_id", not both',
  'This channel is reserved for the service',
  '"channel_id" must be 1–128 of A–Z a–z 0–9 . _ : -',
  '"to" must be an agent id',
  ...['ephemeral', 'retry', 'echo', 'expects_reply'].map((name) => `"${name}" must be true or false`),
  ...['correlation_id', 'in_reply_to', 'traceparent'].map(
    (name) => `"${name}" must be a string of 1–128 characters`,
  ),
  '"timeout_ms" must be a whole number from 1 to 2073600000',
  ...['resume', 'channels'].map((name) => `"${name}" must be a list of channels with their positions`),
  ...['"resume" holds at most 100 channels', '"channels" holds at most 20 channels'],
  '"client" must be an object with "name" and "version", texts of 1–128 characters',
  '"status" must be a text of 1–64 characters, and not "offline"',
  '"capabilities" must be up to 50 texts of 1–64 characters',
  ...['since', 'after', 'before'].map(
    (name) => `"${name}" must be an object with "epoch" (text) and "sequence" (a whole number)`,
  ),
  'Give "after" or "before", not both',
  '"limit" must be a whole number from 1 to 1000',
  'Give "query", or "status" and "capabilities"',
  '"query" must be an object',
  '"query" holds nothing but agent_id, status, capability, online, limit, after',
  '"query.agent_id" must be an agent id',
  '"query.status" must be a status',
  '"query.capability" must be a capability',
  '"query.online" must be true or false',
  '"query.limit" must be a whole number from 1 to 100',
  '"query.after" must be what an answer gave as "next"',
];

/** What the guard says of one frame. */
function verdictOf(text: string): { readonly isTaken: boolean; readonly verdict: string } {
  const [parsed] = parseText(text);
  if (parsed === undefined) throw new Error('no frame');
  if (!parsed.ok) return { isTaken: false, verdict: parsed.error.text ?? parsed.error.code };
  return { isTaken: true, verdict: parsed.kind === 'control' ? parsed.control.type : 'message' };
}

/** Throws when guard and schema differ; gives what the guard said. */
function compare(frame: unknown): string {
  const text = JSON.stringify(frame);
  const { isTaken, verdict } = verdictOf(text);
  const error = clientFrameError(JSON.parse(text));
  if ((error === undefined) !== isTaken) {
    throw new Error(`${text.slice(0, 500)}\nguard: ${verdict}\nschema: ${error ?? 'takes it'}`);
  }
  return verdict;
}

test('the files are those of the types: after a change run `npm run generate`', async () => {
  const files = await schemaFiles();
  const onDisk = (readdirSync(schemaFolder, { recursive: true }) as string[]).filter((name) =>
    name.endsWith('.json'),
  );
  expect(onDisk.sort()).toEqual([...files.keys()].sort());
  const isOther = (name: string, text: string) => {
    const file = path.join(schemaFolder, name);
    return !existsSync(file) || readFileSync(file, 'utf8') !== text;
  };
  expect([...files].filter(([name, text]) => isOther(name, text)).map(([name]) => name)).toEqual([]);
});

test.each([['client', clientFrameError] as const, ['server', serverFrameError] as const])(
  'every example of the %s fits its schema',
  (sender, errorOf) => {
    for (const schema of schemasOf(sender).values()) {
      expect(schema.examples.length).toBeGreaterThan(0);
      for (const example of schema.examples)
        expect([example, errorOf(example)]).toEqual([example, undefined]);
    }
  },
);

const document = readFileSync(path.resolve(schemaFolder, '../protocol.md'), 'utf8');
const documented = [...document.matchAll(/^```json\n(.*?)^```/gms)].flatMap(([, block = '']) =>
  block.split(/\n(?=\{)/),
);

test('every example of docs/protocol.md fits its schema', () => {
  expect(documented.length).toBeGreaterThan(10);
  for (const text of documented) {
    const frame = JSON.parse(text) as JsonObject;
    // The service says when it has written a frame.
    const error = frame.timestamp === undefined ? clientFrameError(frame) : serverFrameError(frame);
    expect([text, error]).toEqual([text, undefined]);
  }
});

test('a frame of the service with a field that its schema does not list does not fit', () => {
  for (const [name, schema] of schemasOf('server')) {
    if (name === 'message') continue;
    for (const example of schema.examples) expect(serverFrameError({ ...example, other: 1 })).toBeDefined();
  }
});

test('guard and schema agree on every single change, and each verdict of the guards is among them', () => {
  const seen = new Set<string>();
  for (const frame of examples) {
    for (const count of [128, 129]) seen.add(compare(withFields(frame, count)));
    for (const place of pathsIn(frame)) {
      for (const value of values) seen.add(compare(changed(frame, { path: place, value })));
    }
  }
  for (const value of values) if (value !== undefined && !Array.isArray(value)) seen.add(compare(value));
  // An update and a query at once take two changes.
  seen.add(compare({ type: 'presence', id: 'p', status: 'busy', query: {} }));
  expect([...seen].sort()).toEqual([...verdicts].sort());
});

test(`guard and schema agree on ${runs} frames with several changes`, () => {
  fc.assert(
    fc.property(changedFrame(examples), (frame) => void compare(frame)),
    { numRuns: runs },
  );
});

const nested = (levels: number) => `{"content":${'['.repeat(levels)}${']'.repeat(levels)}}`;

/** Limits of a text message as a whole and of numbers, which JSON Schema can't say. */
test.each([
  ['more than 64 levels', nested(65), /64 levels/],
  ['more than 512 levels', nested(600), /64 levels/],
  ['a number out of range', '{"content":1e400}', /out of range/],
  ['more than 6,000 values', `{"content":[${'0,'.repeat(6_000)}0]}`, /6000 values/],
])('only the guard knows: %s', (_, text, verdict) => {
  expect(clientFrameError(JSON.parse(text))).toBeUndefined();
  expect(verdictOf(text)).toMatchObject({
    isTaken: false,
    verdict: expect.stringMatching(verdict) as string,
  });
});
