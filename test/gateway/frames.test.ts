/**
 * Frames on the wire: size limits, binary, broken frames, pings, and how long texts reach the client.
 * Partly over a raw socket, because no decent client sends such frames.
 */
import { FrameTap } from '../../gateway/sockets/frame-tap';
import { accept, recording } from './helpers/assembly';
import { call, connect, frame, rawClient } from './helpers/client';
import { type Running, run, stopAll } from './helpers/running';

let running: Running;

beforeEach(async () => {
  running = await run({
    functions: {
      Connect: accept,
      Default:
        'exports.handler = async (event) => { console.log(String(event.body.length)); return { statusCode: 200 }; };',
      Disconnect: recording(),
    },
  });
});
afterEach(stopAll);

const textOf = (length: number): Buffer => Buffer.alloc(length, 'x');

test('GW-45 a single frame of 32,768 bytes passes, one more closes 1009', async () => {
  const client = await connect(running.url);
  client.send(textOf(32_768).toString());
  await running.recorder.line('32768');
  client.send(textOf(32_769).toString());
  expect((await client.closed).code).toBe(1009);
  const { requestContext } = await running.recorder.event('Disconnect');
  expect(requestContext.disconnectStatusCode).toBe(1009);
  expect(running.recorder.entries.map(({ text }) => text)).not.toContain('32769');
});

test('GW-45 only the payload counts, and the messages before an oversized frame are still delivered', async () => {
  const client = await rawClient(running.gateway.port, '/ws');
  const together = [textOf(1), textOf(2), textOf(32_769), textOf(4)].map((text) => frame(1, text));
  client.socket.write(Buffer.concat(together));
  expect(await client.closeCode()).toBe(1009);
  client.socket.destroy();
  await running.recorder.event('Disconnect');
  const received = (): string[] =>
    running.recorder.entries
      .filter((entry) => entry.function === 'Test-Default')
      .map(({ text }) => text.trim());
  await running.recorder.entry(() => received().length === 2);
  expect(received().sort()).toEqual(['1', '2']);
});

test('GW-46 a fragmented message of 131,072 bytes passes, one more closes 1009 and runs nothing', async () => {
  const client = await connect(running.url);
  const fragment = textOf(32_768).toString();
  const sendAll = (last: string): void => {
    for (const part of [fragment, fragment, fragment]) client.socket.send(part, { fin: false });
    client.socket.send(last, { fin: true });
  };
  sendAll(fragment);
  await running.recorder.line('131072');
  for (const part of [fragment, fragment, fragment, fragment]) client.socket.send(part, { fin: false });
  client.socket.send('x', { fin: true });
  expect((await client.closed).code).toBe(1009);
  await running.recorder.event('Disconnect');
  expect(running.recorder.entries.filter((entry) => entry.function === 'Test-Default')).toHaveLength(1);
});

test('GW-47 a binary frame closes 1003 and runs nothing', async () => {
  const client = await connect(running.url);
  client.socket.send(Buffer.from('bytes'), { binary: true });
  expect((await client.closed).code).toBe(1003);
  expect((await running.recorder.event('Disconnect')).requestContext.disconnectStatusCode).toBe(1003);
  expect(running.recorder.entries.filter((entry) => entry.function === 'Test-Default')).toEqual([]);
});

test.each([
  ['invalid UTF-8', frame(1, Buffer.from([0xc3, 0x28])), 1007],
  ['an unmasked frame', frame(1, Buffer.from('hi'), { isMasked: false }), 1002],
  ['an unknown opcode', frame(3, Buffer.from('hi')), 1002],
])('GW-48 %s closes with its code', async (_, bytes, code) => {
  const client = await rawClient(running.gateway.port, '/ws');
  client.socket.write(bytes);
  expect(await client.closeCode()).toBe(code);
  client.socket.destroy();
  expect((await running.recorder.event('Disconnect')).requestContext.disconnectStatusCode).toBe(code);
});

test('GW-49 a ping is answered with its pong, a pong is ignored, neither runs a function', async () => {
  const client = await connect(running.url);
  const pong = new Promise<string>((resolve) => {
    client.socket.once('pong', (data) => {
      resolve(data.toString());
    });
  });
  client.socket.pong('unasked');
  client.socket.ping('are you there');
  expect(await pong).toBe('are you there');
  client.send('hi');
  await running.recorder.line('2');
  expect(running.recorder.entries).toHaveLength(1);
});

test('GW-50 the gateway never sends a ping', async () => {
  const client = await connect(running.url);
  const pings: Buffer[] = [];
  client.socket.on('ping', (data) => pings.push(data));
  await running.gateway.clock.advance(600_000);
  await client.closed;
  expect(pings).toEqual([]);
});

test('GW-68 a posted text is one message in frames of at most 32 KB, cut at any byte', async () => {
  const client = await rawClient(running.gateway.port, '/ws');
  const { connectionId } = running.gateway.connections()[0]!;
  // Two-byte characters behind one byte: every cut at an even place falls into the middle of a character.
  const text = `x${'ü'.repeat(40_000)}`;
  const answer = await call('POST', running.connectionUrl(connectionId), { body: text });
  expect(answer.status).toBe(200);
  await client.waitFor(() => client.frames().at(-1)?.isLast === true);
  const frames = client.frames();
  expect(frames.map(({ opcode, isLast, payload }) => [opcode, isLast, payload.length])).toEqual([
    [1, false, 32_768],
    [0, false, 32_768],
    [0, true, 14_465],
  ]);
  expect(Buffer.concat(frames.map(({ payload }) => payload)).toString()).toBe(text);
  client.socket.destroy();
});

test('the frame tap finds the same frames however the bytes are cut', () => {
  const pong = frame(10, Buffer.from('pong'));
  const parts = [frame(1, textOf(3)), pong, frame(1, textOf(200), { isLast: false }), frame(0, textOf(40))];
  const bytes = Buffer.concat([
    ...parts,
    frame(1, textOf(32_768)),
    frame(1, textOf(70_000)),
    frame(1, textOf(1)),
  ]);
  for (const step of [1, 2, 3, 7, 4_096, bytes.length]) {
    const tap = new FrameTap();
    for (let start = 0; start < bytes.length; start += step) tap.push(bytes.subarray(start, start + step));
    expect([tap.frameTooLarge, tap.completedMessages]).toEqual([true, 3]);
  }
});
