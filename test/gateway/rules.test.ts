/** Rules of EventBridge: which events match, and what their queues and functions get. */
import { matchesPattern, unsupportedPart } from '../../gateway/eventbridge/pattern';
import { recording } from './helpers/assembly';
import { call } from './helpers/client';
import { run, stopAll } from './helpers/running';

afterAll(stopAll);

const event = {
  source: 'shop',
  'detail-type': 'order',
  resources: ['arn:1', 'arn:2'],
  detail: { state: 'paid', amount: 17, note: null, tags: ['a', 'b'], items: [] },
};

test.each([
  [{ source: ['shop'] }, true],
  [{ source: ['other', 'shop'] }, true],
  [{ source: ['other'] }, false],
  [{ source: ['shop'], detail: { state: ['open'] } }, false],
  [{ detail: { state: [{ prefix: 'pa' }], amount: [17] } }, true],
  [{ detail: { amount: ['17'] } }, false],
  [{ detail: { state: [{ suffix: 'x' }] } }, false],
  [{ detail: { note: [null] } }, true],
  [{ detail: { tags: ['b'] } }, true],
  [{ detail: { tags: ['c'] } }, false],
  [{ resources: ['arn:2'] }, true],
  [{ detail: { state: [{ 'anything-but': ['open', 'new'] }] } }, true],
  [{ detail: { state: [{ 'anything-but': 'paid' }] } }, false],
  [{ detail: { absent: [{ 'anything-but': 'paid' }] } }, false],
  [{ detail: { state: [{ exists: true }], absent: [{ exists: false }] } }, true],
  [{ detail: { absent: [{ exists: true }] } }, false],
  [{ detail: { deep: { deeper: ['x'] } } }, false],
])('%j matches: %s', (pattern, isMatch) => {
  expect(unsupportedPart(pattern)).toBeUndefined();
  expect(matchesPattern(pattern, event)).toBe(isMatch);
});

test.each([
  [{ detail: { amount: [{ numeric: ['>', 5] }] } }, 'numeric'],
  [{ $or: [{ source: ['a'] }] }, '$or'],
  [{ source: 'shop' }, 'source'],
])('%j can not be evaluated: %s', (pattern, part) => {
  expect(unsupportedPart(pattern)).toBe(part);
});

const target = (id: string, more: object = {}) => ({
  Id: id,
  Arn: { 'Fn::GetAtt': [id, 'Arn'] },
  ...more,
});
const rule = (properties: object) => ({ Type: 'AWS::Events::Rule', Properties: properties });

test('an event goes to the queues and functions of the rules of its bus, each in its form', async () => {
  const { gateway, recorder } = await run({
    functions: { Queued: recording('{}'), Whole: recording(), Part: recording(), Constant: recording() },
    resources: {
      Queue: { Type: 'AWS::SQS::Queue', Properties: {} },
      Mapping: {
        Type: 'AWS::Lambda::EventSourceMapping',
        Properties: { EventSourceArn: { 'Fn::GetAtt': ['Queue', 'Arn'] }, FunctionName: { Ref: 'Queued' } },
      },
      Orders: rule({
        EventPattern: { source: ['shop'], 'detail-type': ['order'] },
        Targets: [
          target('Queue', {
            InputTransformer: {
              InputPathsMap: { id: '$.id', type: '$.detail-type', detail: '$.detail', no: '$.detail.absent' },
              InputTemplate: '{"id":<id>,"text":"of <type>: <detail>","all":<detail>,"none":"<no>"}',
            },
          }),
          target('Whole'),
          target('Part', { InputPath: '$.detail' }),
          target('Constant', { Input: '{"constant":true}' }),
          { Id: 'Elsewhere', Arn: 'arn:aws:sns:us-east-1:123456789012:elsewhere' },
        ],
      }),
      OtherBus: rule({
        EventBusName: 'other',
        EventPattern: { source: ['shop'] },
        Targets: [target('Constant', { Input: '{"other":true}' })],
      }),
      Off: rule({
        State: 'DISABLED',
        EventPattern: { source: ['shop'] },
        Targets: [target('Constant', { Input: '{"off":true}' })],
      }),
      Numeric: rule({
        EventPattern: { detail: { amount: [{ numeric: ['>', 5] }] } },
        Targets: [target('Constant', { Input: '{"numeric":true}' })],
      }),
    },
  });
  const entry = { Source: 'shop', DetailType: 'order', Detail: '{"say":"\\"hi\\"","amount":17}' };
  const put = (...entries: object[]) =>
    call('POST', `http://127.0.0.1:${gateway.port}/_aws/events`, {
      body: JSON.stringify({ Entries: entries }),
      headers: {
        authorization: 'AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/events/aws4_request',
        'x-amz-target': 'AWSEvents.PutEvents',
      },
    });
  const answer = JSON.parse((await put({ ...entry, Source: 'nobody' }, entry)).body) as {
    Entries: { EventId: string }[];
  };
  const id = answer.Entries[1]!.EventId;
  const detail = { say: '"hi"', amount: 17 };
  const { Records } = (await recorder.event('Queued')) as unknown as { Records: { body: string }[] };
  expect(Records.map(({ body }) => JSON.parse(body) as unknown)).toEqual([
    { id, text: `of order: ${JSON.stringify(detail)}`, all: detail, none: '' },
  ]);
  expect(await recorder.event('Whole')).toEqual({
    version: '0',
    id,
    'detail-type': 'order',
    source: 'shop',
    account: expect.stringMatching(/^\d{12}$/) as unknown,
    time: expect.stringMatching(/^[-\d]+T[:\d]+Z$/) as unknown,
    region: 'us-east-1',
    resources: [],
    detail,
  });
  expect(await recorder.event('Part')).toEqual(detail);
  expect(await recorder.event('Constant')).toEqual({ constant: true });
  await put({ ...entry, EventBusName: 'other' });
  expect(await recorder.event('Constant', 2)).toEqual({ other: true });
  expect(recorder.events('Whole')).toHaveLength(1);
  await recorder.line('does not run: the gateway does not support numeric in its pattern');
});
