/** Conformance: the largest message, in every form in which it is sent (docs/protocol.md, Errors, ERR-6). */
import { fresh, bases } from '../helpers/bus';
import { eventually } from '../helpers/eventually';
import type { Frame, TestClient } from '../helpers/ws-client';
import { useBus } from '../helpers/use-bus';
import { warmUp } from '../helpers/warm-up';

const maxBytes = 129_024;
/** What `sequence`, `epoch` and `replayed` count for. */
const positionBytes = 91;

const bus = useBus();
beforeAll(() => warmUp(bus));
let tenant: string;

beforeEach(() => {
  tenant = fresh('tenant');
});

const connect = (agent: string, asking: object = {}): Promise<TestClient> =>
  bus.connect({ tenant, agent }, { level: 1, ...asking });

/** A frame whose message has that number of bytes, counted as ERR-6 says. Every second character has two bytes. */
function frameOf(
  bytes: number,
  frame: { readonly id: string; readonly to?: string; readonly channel_id?: string },
) {
  const { id, to, channel_id } = frame;
  const timestamp = '2026-11-24T18:11:43.871Z';
  const message = {
    id,
    type: 'message',
    content: '',
    tenant_id: tenant,
    agent_id: 'w',
    timestamp,
    metadata: {},
  };
  const fixed = JSON.stringify({ ...message, to, channel_id }).length + positionBytes;
  const left = bytes - fixed;
  const content = 'ä'.repeat(Math.floor(left / 4)) + 'x'.repeat(left - 2 * Math.floor(left / 4));
  return { ...frame, content };
}

async function publish(writer: TestClient, frame: { readonly id: string }): Promise<Frame> {
  writer.sendInPieces(JSON.stringify(frame), 32_768);
  return writer.reply(frame.id);
}

/** The texts that hold a message with this content; none may be over what API Gateway sends. */
function textsWith({ texts }: TestClient, content: string): readonly string[] {
  for (const text of texts) expect(Buffer.byteLength(text)).toBeLessThanOrEqual(131_072);
  return texts.filter((text) => text.includes(content));
}

test.each(bases)(
  'ERR-6 a message of 129,024 bytes arrives in every form, and one of a byte more in none: %s',
  async (base) => {
    const level0 = await connect('zero', { level: 0, base, channel: 'big' });
    const level1 = await connect('one', { base, channel: 'big' });
    const writer = await connect('w', { base, echo: false });
    const first = await writer.request({ id: 'first', channel_id: 'big', content: 1 });
    const frame = frameOf(maxBytes, { id: 'largest', channel_id: 'big' });
    const tooLarge = frameOf(maxBytes + 1, { id: 'larger', channel_id: 'big' });
    expect(await publish(writer, tooLarge)).toMatchObject({ code: 'payload_too_large' });
    expect(await publish(writer, frame)).toMatchObject({ status: 'accepted', sequence: 2 });

    const late = await connect('late', { base });
    const since = { epoch: first.epoch, sequence: 1 };
    await late.request({ type: 'subscribe', channel_id: 'big', since });
    await late.next({ type: 'REPLAYED', complete: true });
    const zeroLate = await connect('zeroLate', { level: 0, base });
    await zeroLate.request({ type: 'subscribe', channel_id: 'big', since });
    for (const reader of [level0, level1, late, zeroLate]) {
      const message = await reader.nextMessage({ id: 'largest' });
      expect(message.content).toBe(frame.content);
      expect(Buffer.byteLength(JSON.stringify(message))).toBeLessThanOrEqual(maxBytes);
      expect(textsWith(reader, frame.content)).toHaveLength(1);
    }
    const longId = 'ä'.repeat(128);
    late.send({ type: 'history', id: longId, channel_id: 'big', limit: 1 });
    expect(await late.reply(longId)).toMatchObject({ messages: [{ content: frame.content }], last: true });
    expect(textsWith(late, frame.content)).toHaveLength(2);
  },
);

test('ERR-6 counts the receiver of a direct message, which arrives in every form too', async () => {
  const writer = await connect('w');
  const [level0, level1] = [await connect('ä', { level: 0 }), await connect('ä')];
  const to = 'ä';
  const more = Buffer.byteLength(to) - to.length;
  const frame = frameOf(maxBytes - more, { id: 'largest', to });
  expect(await publish(writer, frameOf(maxBytes - more + 1, { id: 'larger', to }))).toMatchObject({
    code: 'payload_too_large',
  });
  expect(await publish(writer, frame)).toMatchObject({ status: 'accepted', sequence: 1 });
  for (const reader of [level0, level1]) {
    expect(await reader.nextMessage({ id: 'largest' })).toMatchObject({ content: frame.content });
    await reader.close();
  }
  const away = { id: 'stored', to, content: 'x' };
  await eventually(
    () => writer.request({ ...away, expects_reply: true }),
    (answer) => answer.code === 'no_responders',
  );
  expect(await publish(writer, { ...frame, id: 'another' })).toMatchObject({ status: 'stored' });
  const again = await connect(to);
  await again.request({ type: 'hello' });
  expect(await again.nextMessage({ id: 'another' })).toMatchObject({
    content: frame.content,
    replayed: true,
  });
  const pushed = await connect(to, { level: 0 });
  expect(pushed.isOpen).toBe(true);
});

test('ERR-6 counts the same for an ephemeral message', async () => {
  const client = await connect('w', { channel: 'big' });
  const at = { channel_id: 'big', ephemeral: true };
  expect(await publish(client, { ...frameOf(maxBytes + 1, { id: 'larger', ...at }) })).toMatchObject({
    code: 'payload_too_large',
  });
  const frame = frameOf(maxBytes, { id: 'largest', ...at });
  expect(await publish(client, frame)).toMatchObject({ status: 'accepted' });
  expect(await client.nextMessage({ id: 'largest' })).toMatchObject({ content: frame.content });
});
