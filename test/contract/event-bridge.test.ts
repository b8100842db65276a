/** The client against an HTTP server that answers as EventBridge does (PutEvents, in the AWS reference). */
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createEvents, EventBridge } from '../../lambda/aws/calls/event-bridge';
import { FakeLog } from '../lambda/world';

interface Entry {
  readonly Source: string;
  readonly DetailType: string;
  readonly Detail: string;
  readonly EventBusName: string;
}

let server: Server;
let log: FakeLog;
let bridge: EventBridge;
let calls: { readonly headers: IncomingHttpHeaders; readonly entries: readonly Entry[] }[];
/** By detail; default: taken. */
let errors: Record<string, string>;
let status: number;
/** The body of every answer; absent = as EventBridge answers. */
let refusal: string | undefined;
/** How many calls fail so; those after them are taken. */
let failing: number;
/** Instead of an answer, while calls fail. */
let silence: 'reset' | 'hang' | undefined;

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { Entries: entries } = JSON.parse(Buffer.concat(chunks).toString()) as { Entries: Entry[] };
      calls.push({ headers: request.headers, entries });
      const fails = calls.length <= failing;
      if (fails && silence === 'reset') request.socket.destroy();
      if (fails && silence !== undefined) return;
      const answers = entries.map(({ Detail }) => {
        const code = fails ? errors[Detail] : undefined;
        return code === undefined ? { EventId: 'e' } : { ErrorCode: code, ErrorMessage: 'no' };
      });
      const answer = JSON.stringify({ FailedEntryCount: 0, Entries: answers });
      response.writeHead(fails ? status : 200).end((fails ? refusal : undefined) ?? answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

beforeEach(() => {
  calls = [];
  errors = {};
  status = 200;
  refusal = undefined;
  failing = Infinity;
  silence = undefined;
  log = new FakeLog();
  bridge = new EventBridge('fleet', 'artcafe-pubsub.test', log, {
    AWS_REGION: 'eu-north-1',
    AWS_ACCESS_KEY_ID: 'AKID',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_ENDPOINT_URL_EVENTBRIDGE: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
  });
});

afterAll(async () => {
  await new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
});

const event = (n: number, size = 1) => ({
  type: 'message.stored' as const,
  detail: JSON.stringify({ n, text: 'x'.repeat(size) }),
});
const count = (n: number): number[] => Array.from({ length: n }, (_, index) => index);

test('sends a signed call with bus, source and type', async () => {
  expect(await bridge.send([event(1)])).toEqual([true]);
  expect(calls[0]!.headers).toMatchObject({
    'x-amz-target': 'AWSEvents.PutEvents',
    'content-type': 'application/x-amz-json-1.1',
    authorization: expect.stringMatching(
      /Credential=AKID\/\d{8}\/eu-north-1\/events\/aws4_request/,
    ) as string,
  });
  expect(calls[0]!.entries).toEqual([
    {
      Source: 'artcafe-pubsub.test',
      DetailType: 'message.stored',
      Detail: event(1).detail,
      EventBusName: 'fleet',
    },
  ]);
});

test('a call has ten entries and 256 KB at most', async () => {
  expect(await bridge.send(count(25).map((n) => event(n)))).toEqual(count(25).map(() => true));
  expect(calls.map(({ entries }) => entries.length).sort()).toEqual([10, 10, 5]);
  calls = [];
  await bridge.send(count(3).map((n) => event(n, 126_000)));
  expect(calls.map(({ entries }) => entries.length)).toEqual([1, 1, 1]);
  calls = [];
  expect(await bridge.send([])).toEqual([]);
  expect(calls).toEqual([]);
});

test('tells which of them were not taken, and logs those', async () => {
  errors = { [event(1).detail]: 'ThrottlingException' };
  expect(await bridge.send([event(0), event(1), event(2)])).toEqual([true, false, true]);
  expect(log.lines).toEqual([
    { event: 'event_not_sent', fields: { type: 'message.stored', error: 'ThrottlingException' } },
  ]);
});

test.each([
  ['{"__type":"ThrottlingException"}', 'EventBridge answered 400 ThrottlingException'],
  [
    '{"__type":"com.amazon.coral.service#AccessDeniedException"}',
    'EventBridge answered 400 AccessDeniedException',
  ],
  ['<html>', 'EventBridge answered 400'],
])('logs why a call was refused: %s', async (body, error) => {
  status = 400;
  refusal = body;
  expect(await bridge.send([event(0)])).toEqual([false]);
  expect(log.lines).toEqual([{ event: 'event_not_sent', fields: { type: 'message.stored', error } }]);
});

// One attempt lost the event of an environment whose kept socket EventBridge had closed in the meantime.
test.each<[string, () => void]>([
  ['was throttled', () => ((status = 400), (refusal = '{"__type":"ThrottlingException"}'))],
  ['met a failure of the service', () => (status = 500)],
  ['found its socket closed', () => (silence = 'reset')],
])('a call that %s is made once more, and taken', async (_, fail) => {
  fail();
  failing = 1;
  expect(await bridge.send([event(0), event(1)])).toEqual([true, true]);
  expect(calls.map(({ entries }) => entries.length)).toEqual([2, 2]);
  expect(log.lines).toEqual([]);
});

test('of a call that was taken in part, only what may pass is sent once more', async () => {
  errors = { [event(1).detail]: 'ThrottlingException', [event(2).detail]: 'MalformedDetail' };
  failing = 1;
  expect(await bridge.send([event(0), event(1), event(2), event(3)])).toEqual([true, true, false, true]);
  expect(calls.map(({ entries }) => entries.map(({ Detail }) => Detail))).toEqual([
    [0, 1, 2, 3].map((n) => event(n).detail),
    [event(1).detail],
  ]);
  expect(log.lines).toEqual([
    { event: 'event_not_sent', fields: { type: 'message.stored', error: 'MalformedDetail' } },
  ]);
});

test('there is no third attempt, and no second one after a refusal or without time for an answer', async () => {
  status = 503;
  expect(await bridge.send([event(0)])).toEqual([false]);
  expect(calls).toHaveLength(2);
  calls = [];
  status = 400;
  expect(await bridge.send([event(0)])).toEqual([false]);
  expect(calls).toHaveLength(1);
  calls = [];
  silence = 'hang';
  const startedAt = performance.now();
  expect(await bridge.send([event(0)])).toEqual([false]);
  expect(calls).toHaveLength(1);
  expect(performance.now() - startedAt).toBeLessThan(1_500);
});

test('none was taken for certain when the answer is an error, or none', async () => {
  status = 400;
  expect(await bridge.send([event(0)])).toEqual([false]);
  const unreachable = new EventBridge('fleet', 's', log, {
    AWS_ENDPOINT_URL_EVENTBRIDGE: 'http://127.0.0.1:1',
  });
  expect(await unreachable.send([event(0), event(1)])).toEqual([false, false]);
  expect(log.lines).toHaveLength(3);
});

test('there are no events without a bus', () => {
  expect(createEvents(undefined, undefined, log)).toBeUndefined();
});
