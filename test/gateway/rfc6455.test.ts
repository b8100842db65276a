/**
 * The framing of RFC 6455 over raw sockets, case by case from a table: hand-made frames in,
 * then every frame that comes back, the close and the end of the stream.
 */
import { randomBytes } from 'node:crypto';
import { accept } from './helpers/assembly';
import { type Frame, type RawClient, rawClient } from './helpers/client';
import { type Case, chapters, type FrameFixture, opcodes } from './helpers/rfc6455-cases';
import { type Running, run, stopAll } from './helpers/running';

/** Sends every text back; the mark in front makes an empty one visible. */
const echo = `exports.handler = async ({ body }) => {
  console.log(JSON.stringify({ body }));
  return { statusCode: 200, body: '=' + body };
};`;

let running: Running;

beforeAll(async () => {
  running = await run({ functions: { Connect: accept, Default: echo }, twoWay: ['$default'] });
  // A warm thread before the first case.
  const client = await rawClient(running.gateway.port, '/ws');
  client.socket.write(encode({ opcode: opcodes.text, payload: 'warm' }));
  await client.waitFor(() => client.frames().length === 1);
  client.socket.destroy();
});
afterAll(stopAll);

/** A client's frame with a true mask. */
function encode({ opcode, payload = '', isLast = true, reserved = 0, ...more }: FrameFixture): Buffer {
  const { isMasked = true, claimedLength } = more;
  const data = Buffer.from(payload);
  const head = [(isLast ? 0x80 : 0) | (reserved << 4) | opcode];
  const maskBit = isMasked ? 0x80 : 0;
  const length = claimedLength ?? BigInt(data.length);
  const extended = Buffer.alloc(length > 65_535n ? 8 : length > 125n ? 2 : 0);
  if (extended.length === 8) extended.writeBigUInt64BE(length);
  if (extended.length === 2) extended.writeUInt16BE(Number(length));
  head.push(maskBit | (extended.length === 8 ? 127 : extended.length === 2 ? 126 : data.length));
  const key = isMasked ? randomBytes(4) : Buffer.alloc(0);
  if (isMasked) data.forEach((byte, index) => (data[index] = byte ^ key[index % 4]!));
  return Buffer.concat([Buffer.from(head), extended, key, data]);
}

/** Reads what came back into texts, pongs and the close. */
function read(frames: Frame[]): { texts: string[]; pongs: string[]; closes: (number | 'empty')[] } {
  const texts: string[] = [];
  let parts: Buffer[] = [];
  for (const { opcode, isLast, payload } of frames) {
    if (opcode !== opcodes.text && opcode !== opcodes.continuation) continue;
    parts.push(payload);
    if (!isLast) continue;
    texts.push(Buffer.concat(parts).toString().slice(1));
    parts = [];
  }
  const of = (wanted: number): Buffer[] =>
    frames.filter(({ opcode }) => opcode === wanted).map(({ payload }) => payload);
  return {
    texts,
    pongs: of(opcodes.pong).map((payload) => payload.toString('hex')),
    closes: of(opcodes.close).map((payload) => (payload.length === 0 ? 'empty' : payload.readUInt16BE())),
  };
}

async function write(client: RawClient, sent: Buffer, step = sent.length): Promise<void> {
  client.socket.setNoDelay(true);
  for (let start = 0; start < sent.length; start += step) {
    client.socket.write(sent.subarray(start, start + step));
    // A turn of the loop for each piece, so that it leaves as a packet of its own.
    if (step < sent.length) await new Promise(setImmediate);
  }
}

describe.each(chapters)('RFC 6455, chapter %s', (_, cases) => {
  test.each(cases.map((each): [string, Case] => [each.title, each]))('%s', async (_title, given) => {
    const { texts = [], pongs = [], close } = given.expect;
    const client = await rawClient(running.gateway.port, '/ws');
    const ended = new Promise((resolve) => client.socket.once('end', resolve));
    await write(client, Buffer.concat(given.send.map(encode)), given.step);
    if (close === undefined) {
      // A last ping says that all before it has been read, and that the connection is still open.
      client.socket.write(encode({ opcode: opcodes.ping, payload: 'last' }));
      await client.waitFor(() => {
        const seen = read(client.frames());
        return seen.texts.length >= texts.length && seen.pongs.length > pongs.length;
      });
    } else {
      await client.waitFor(() => read(client.frames()).closes.length > 0);
      // The client answers, and the server ends the stream: nothing more can come.
      client.socket.write(encode({ opcode: opcodes.close }));
      await ended;
    }
    const seen = read(client.frames());
    client.socket.destroy();
    const hex = [...pongs, ...(close === undefined ? ['last'] : [])].map((each) =>
      Buffer.from(each).toString('hex'),
    );
    expect(seen.pongs).toEqual(hex);
    expect(seen.closes).toEqual(close === undefined ? [] : [close]);
    const wanted = texts.map(String).sort();
    // The function may still be at work when the close comes; whatever is answered must be right.
    if (close === undefined) expect(seen.texts.sort()).toEqual(wanted);
    else expect(wanted).toEqual(expect.arrayContaining(seen.texts));
  });
});

test('of all these frames the function was given the expected texts and nothing else', async () => {
  const wanted = [
    'warm',
    ...chapters.flatMap(([, cases]) => cases.flatMap((each) => each.expect.texts ?? [])),
  ];
  const given = (): string[] => running.recorder.events('Default').map(({ body }) => body);
  await running.recorder.entry(() => given().length >= wanted.length);
  // Waits for functions that may still run.
  await running.gateway.clock.advance(0);
  expect(given().sort()).toEqual(wanted.map(String).sort());
});
