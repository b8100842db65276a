/** Queues that feed no function: what failed for good waits there, and SQS's operations for those who receive. */
import { eventually } from '../helpers/eventually';
import { call } from './helpers/client';
import { type Running, run, stopAll } from './helpers/running';

let running: Running;

beforeAll(async () => {
  running = await run({
    functions: {
      Failing: "exports.handler = async () => { throw new TypeError('no'); };",
      Refusing:
        'exports.handler = async ({ Records }) => ({ batchItemFailures: Records.map(({ messageId }) => ({ itemIdentifier: messageId })) });',
    },
    resources: {
      Failures: { Type: 'AWS::SQS::Queue', Properties: { MessageRetentionPeriod: 3_600 } },
      Work: {
        Type: 'AWS::SQS::Queue',
        Properties: {
          RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': ['Failures', 'Arn'] }, maxReceiveCount: 1 },
        },
      },
      WorkSource: {
        Type: 'AWS::Lambda::EventSourceMapping',
        Properties: {
          FunctionName: { Ref: 'Refusing' },
          EventSourceArn: { 'Fn::GetAtt': ['Work', 'Arn'] },
          FunctionResponseTypes: ['ReportBatchItemFailures'],
        },
      },
      FailingSettings: {
        Type: 'AWS::Lambda::EventInvokeConfig',
        Properties: {
          FunctionName: { Ref: 'Failing' },
          MaximumRetryAttempts: 0,
          DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': ['Failures', 'Arn'] } } },
        },
      },
    },
    sections: { Outputs: { Failures: { Value: { Ref: 'Failures' } }, Work: { Value: { Ref: 'Work' } } } },
  });
});
afterAll(stopAll);

interface Message {
  readonly MessageId: string;
  readonly ReceiptHandle: string;
  readonly Body: string;
}

async function ask<T>(
  operation: string,
  input: object = {},
  queue = running.gateway.outputs.Failures,
): Promise<T> {
  const { status, body } = await call('POST', running.gateway.endpoints.sqs, {
    body: JSON.stringify({ QueueUrl: queue, ...input }),
    service: 'sqs',
    headers: { 'X-Amz-Target': `AmazonSQS.${operation}` },
  });
  return { status, ...(JSON.parse(body) as object) } as T;
}
const receive = async (seconds = 60) => {
  const { Messages = [] } = await ask<{ Messages?: Message[] }>('ReceiveMessage', {
    MaxNumberOfMessages: 10,
    VisibilityTimeout: seconds,
  });
  return Messages;
};
const counts = async () => {
  const names = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'];
  const { Attributes } = await ask<{ Attributes: Record<string, string> }>('GetQueueAttributes', {
    AttributeNames: names,
  });
  return names.map((name) => Attributes[name]);
};
const entry = ({ ReceiptHandle }: Message, Id = 'a') => ({ Id, ReceiptHandle });
/** Removes all. */
const empty = async () => {
  await running.gateway.clock.advance(61_000);
  const messages = await receive();
  if (messages.length > 0)
    await ask('DeleteMessageBatch', { Entries: messages.map((each, index) => entry(each, String(index))) });
};
beforeEach(empty);

test('a failed event comes as the record that Lambda writes', async () => {
  const url = `${running.gateway.endpoints.lambda}/2015-03-31/functions/Test-Failing/invocations`;
  const headers = { 'X-Amz-Invocation-Type': 'Event' };
  await call('POST', url, { body: '{"job":1}', headers, service: 'lambda' });
  const [message] = await eventually(receive, (some) => some.length > 0);
  expect(JSON.parse(message!.Body)).toMatchObject({
    version: '1.0',
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string,
    requestContext: {
      functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:Test-Failing:$LATEST',
      condition: 'RetriesExhausted',
      approximateInvokeCount: 1,
    },
    requestPayload: { job: 1 },
    responseContext: { functionError: 'Unhandled' },
    responsePayload: { errorType: 'TypeError', errorMessage: 'no' },
  });
});

test('a dead letter comes as it was sent', async () => {
  await ask('SendMessage', { MessageBody: 'refused' }, running.gateway.outputs.Work);
  const [message] = await eventually(receive, (some) => some.length > 0);
  expect(message!.Body).toBe('refused');
});

test('a message is hidden from others until its time is over, it is given back, or the retention', async () => {
  await ask('SendMessage', { MessageBody: 'one' });
  const [first] = await receive();
  expect([await receive(), await counts()]).toEqual([[], ['0', '1']]);
  expect(
    await ask('ChangeMessageVisibilityBatch', { Entries: [{ ...entry(first!), VisibilityTimeout: 0 }] }),
  ).toMatchObject({ Successful: [{ Id: 'a' }], Failed: [] });
  expect(await counts()).toEqual(['1', '0']);
  // Nobody has it now.
  expect(
    await ask('ChangeMessageVisibilityBatch', { Entries: [{ ...entry(first!), VisibilityTimeout: 0 }] }),
  ).toMatchObject({ Successful: [], Failed: [{ Id: 'a', Code: 'MessageNotInflight' }] });
  const [second] = await receive();
  expect(second).toMatchObject({ MessageId: first!.MessageId, Body: 'one' });
  await running.gateway.clock.advance(61_000);
  expect(await receive()).toHaveLength(1);
  await running.gateway.clock.advance(3_600_000);
  expect(await counts()).toEqual(['0', '0']);
});

test('the newest receipt deletes; an earlier one succeeds and does nothing', async () => {
  await ask('SendMessage', { MessageBody: 'one' });
  const [first] = await receive(0);
  const [second] = await receive();
  for (const [message, left] of [
    [first, '1'],
    [second, '0'],
  ] as const) {
    expect(await ask('DeleteMessageBatch', { Entries: [entry(message!)] })).toMatchObject({
      Successful: [{ Id: 'a' }],
    });
    expect(await counts()).toEqual(['0', left]);
  }
});

test('a queue that feeds a function gives nothing to others, and each request is counted', async () => {
  expect(await ask('ReceiveMessage', {}, running.gateway.outputs.Work)).toMatchObject({
    status: 400,
    __type: 'InvalidAction',
  });
  const before = running.gateway.costs().counts.queueRequests;
  await ask('SendMessage', { MessageBody: 'x'.repeat(70_000) });
  const [message] = await receive();
  await ask('DeleteMessageBatch', { Entries: [entry(message!)] });
  await counts();
  // Two for each way of 70 KB; the polls of the other queue are less than one.
  expect(Math.floor(running.gateway.costs().counts.queueRequests - before)).toBe(6);
});
