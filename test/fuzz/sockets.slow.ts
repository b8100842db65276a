/**
 * The same hostility over real sockets of the laptop gateway: frames, bytes and tokens. Each is answered or closed as it must be, and
 * the bus goes on as if nothing had been.
 */
import fc from 'fast-check';
import { Bus, fresh } from '../helpers/bus';
import { statusOf } from '../helpers/handshake';
import { type Frame, isMessage, type TestClient } from '../helpers/ws-client';
import { type HostileText, hostileText, largeTexts } from './hostile-frames';
import { hostileToken } from './hostile-tokens';
import { seed, runs } from './runs';

const frames = 2_000;
const tokens = 300;
const byteStrings = 60;
const socketConcurrency = 6;
/** A longer text frame is closed by the platform; longer messages come in pieces. */
const pieceBytes = 32_768;

let bus: Bus;
let tenant: string;

beforeAll(async () => {
  bus = await Bus.start({ settings: { messageRate: { agentPerSecond: 0, tenantPerSecond: 0 } } });
  tenant = fresh('tenant');
  console.log(`seed ${String(seed)} (FUZZ_SEED repeats it)`);
});
afterAll(() => bus.stop());

/** A tenant each: publishers of one channel wait for each other. */
const connect = (agent: string): Promise<TestClient> =>
  bus.connect(
    { tenant: `${tenant}-${agent}`, agent, channels: ['c', 'open.*'] },
    { channel: 'c', echo: false },
  );

/** Works through the samples, `socketConcurrency` at a time. */
async function forEach<T>(
  samples: readonly T[],
  work: (sample: T, worker: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async (number: number): Promise<void> => {
    for (let index = next++; index < samples.length; index = next++) await work(samples[index]!, number);
  };
  await Promise.all(Array.from({ length: socketConcurrency }, (_, number) => worker(number)));
}

const isReply = (frame: Frame): boolean => !isMessage(frame);

async function isAnsweredAsItMust(client: TestClient, { text, answers }: HostileText): Promise<void> {
  if (Buffer.byteLength(text) > pieceBytes) client.sendInPieces(text, pieceBytes);
  else client.sendText(text);
  for (const wanted of answers) {
    const { type, code } = await client.next(isReply, 30_000);
    const isAsWanted = wanted === 'ACK' ? type === 'ACK' : type === 'ERROR' && wanted.includes(String(code));
    if (!isAsWanted)
      throw new Error(`${String(code ?? type)} instead of ${wanted.toString()} to ${text.slice(0, 500)}`);
  }
}

async function busGoesOn(): Promise<void> {
  const client = await connect(fresh('agent'));
  expect(await client.request({ id: 'after', content: 1 })).toMatchObject({ type: 'ACK' });
  // A refusal is an error of the authorizer by the platform's rules; any other one would be a crash.
  const crashes = bus.inside.log.filter(
    ({ stream, text }) => stream !== 'stdout' && !text.startsWith('Error: Unauthorized'),
  );
  expect(crashes).toEqual([]);
}

test(`${String(frames)} hostile text messages`, async () => {
  const samples = fc.sample(hostileText, runs(frames));
  const small = largeTexts.filter(({ text }) => Buffer.byteLength(text) <= 131_072);
  const clients = await Promise.all(
    Array.from({ length: socketConcurrency }, (_, n) => connect(`a${String(n)}`)),
  );
  await forEach([...samples, ...small], (sample, worker) => isAnsweredAsItMust(clients[worker]!, sample));
  await busGoesOn();
});

test(`${String(byteStrings)} byte strings, each closed with 1003, 1007 or 1009`, async () => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 200 });
  const kinds = fc.sample(
    fc.tuple(bytes, fc.constantFrom('binary', 'not UTF-8', 'too long', 'in pieces')),
    runs(byteStrings),
  );
  await forEach(kinds, async ([data, kind], worker) => {
    const client = await connect(`b${String(worker)}`);
    if (kind === 'binary') client.sendBytes(data);
    else if (kind === 'not UTF-8') client.sendTextBytes(Buffer.concat([data, Buffer.from([0xff])]));
    else if (kind === 'too long') client.sendText('x'.repeat(pieceBytes + 1 + data.length));
    else client.sendInPieces(`"${'x'.repeat(131_072)}"`, 30_000);
    const { code } = await client.closed;
    expect([kind, code]).toEqual([kind, { binary: 1003, 'not UTF-8': 1007 }[kind as string] ?? 1009]);
  });
  await busGoesOn();
});

test(`${String(tokens)} mutated tokens`, async () => {
  const samples = fc.sample(
    // A lone surrogate can't stand in a URL.
    hostileToken(bus.inside.signer, bus.seconds()).filter(
      (token) => token.isWellFormed() && token.length < 6_000,
    ),
    runs(tokens),
  );
  await forEach(samples, async (token) => {
    const status = await statusOf(bus.url({ token, channel_id: 'c' }));
    if (status !== 401) throw new Error(`answered with ${String(status)}: ${token}`);
  });
  await busGoesOn();
});
