/** The failure queue over SQS, in front of the queues of the laptop gateway; and its double. */
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sqsPages } from '../../gateway/queues/sqs-api';
import { StoredQueue } from '../../gateway/queues/stored-queue';
import { SqsFailedEvents } from '../../lambda/aws/sqs-failed-events';
import { MemoryFailedEvents } from '../doubles/memory-failed-events';
import { failedEventsSuite } from './failed-events.suite';

const hourMs = 3_600_000;
let now = Date.now();

let server: Server;
let queue: StoredQueue;
let requests: { readonly headers: IncomingHttpHeaders; readonly url: string; readonly body: string }[];
/** Instead of the gateway's; the answers of the next requests. */
let answers: { readonly status: number; readonly body: string }[];

beforeAll(async () => {
  server = createServer((request, response) => {
    const answer = answers.shift();
    const { headers, url = '' } = request;
    if (answer === undefined) {
      requests.push({ headers, url, body: '' });
      new Map(sqsPages([queue])).get('/_aws/sqs')?.(request, response);
      return;
    }
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      requests.push({ headers, url, body: Buffer.concat(chunks).toString() });
      response.writeHead(answer.status).end(answer.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  await new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
});

/** A queue of SQS is asked at the host of its URL. */
function createQueue(): SqsFailedEvents {
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/123456789012/failures`;
  const model = { url, arn: 'arn:aws:sqs:eu-north-1:123456789012:failures' };
  requests = [];
  answers = [];
  queue = new StoredQueue(
    { ...model, visibilityMs: 30_000, retentionMs: hourMs },
    { now: () => now },
    { addQueued: () => undefined },
    { queued: () => undefined },
  );
  return new SqsFailedEvents(url, {
    AWS_REGION: 'eu-north-1',
    AWS_ACCESS_KEY_ID: 'AKID',
    AWS_SECRET_ACCESS_KEY: 'secret',
  });
}

const advance = (ms: number): void => void (now += ms);

describe('over SQS', () => {
  failedEventsSuite(() => ({
    queue: createQueue(),
    add: (...bodies) => void queue.send(bodies),
    advance,
  }));

  test('sends signed calls of the JSON protocol to the host of the queue', async () => {
    const events = createQueue();
    answers = [{ status: 200, body: '{}' }];
    expect(await events.receive(120)).toEqual([]);
    expect(requests[0]).toMatchObject({
      url: '/',
      headers: {
        'x-amz-target': 'AmazonSQS.ReceiveMessage',
        'content-type': 'application/x-amz-json-1.0',
        authorization: expect.stringMatching(
          /Credential=AKID\/\d{8}\/eu-north-1\/sqs\/aws4_request/,
        ) as string,
      },
    });
    // A short poll may find nothing where there is something.
    expect(JSON.parse(requests[0]!.body)).toEqual({
      QueueUrl: expect.stringMatching(/\/123456789012\/failures$/) as string,
      MaxNumberOfMessages: 10,
      VisibilityTimeout: 120,
      WaitTimeSeconds: 1,
    });
  });

  test('tells apart what a batch has removed and what not', async () => {
    const events = createQueue();
    answers = [
      { status: 200, body: '{"Successful":[{"Id":"1"}],"Failed":[{"Id":"0","Code":"InternalError"}]}' },
    ];
    const event = (id: string) => ({ id, receipt: `r-${id}`, body: '' });
    expect(await events.remove([event('a'), event('b')])).toEqual(['b']);
    expect(JSON.parse(requests[0]!.body)).toMatchObject({
      Entries: [
        { Id: '0', ReceiptHandle: 'r-a' },
        { Id: '1', ReceiptHandle: 'r-b' },
      ],
    });
  });

  test('a failure of the service, or a throttle, is tried once more; a refusal is an error that says why', async () => {
    const events = createQueue();
    answers = [
      { status: 503, body: '' },
      { status: 200, body: '{}' },
    ];
    expect(await events.receive(120)).toEqual([]);
    answers = [
      { status: 400, body: '{"__type":"com.amazonaws.sqs#RequestThrottled"}' },
      { status: 400, body: '{"__type":"com.amazonaws.sqs#RequestThrottled"}' },
    ];
    await expect(events.held()).rejects.toMatchObject({ name: 'RequestThrottled' });
    answers = [{ status: 403, body: '{"__type": "com.amazonaws.sqs#AccessDenied"}' }];
    await expect(events.giveBack([])).rejects.toMatchObject({
      name: 'AccessDenied',
      message: 'SQS answered 403 to ChangeMessageVisibilityBatch',
      $metadata: { httpStatusCode: 403 },
    });
    expect(requests).toHaveLength(5);
  });
});

describe('in memory', () => {
  failedEventsSuite(() => {
    const events = new MemoryFailedEvents({ now: () => now });
    return { queue: events, add: (...bodies) => void bodies.map((body) => events.add(body)), advance };
  });
});
