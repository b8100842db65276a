/**
 * The fault plan: its grammar, its decisions, and each fault as a function meets it. The functions here make the calls of
 * any program on AWS; what they are made for is no business of the gateway's.
 */
import { Decisions } from '../../gateway/faults/decisions';
import { type FaultPlanInput, parseFaultPlan } from '../../gateway';
import { accept, type FunctionFixture } from './helpers/assembly';
import { call, connect, type TestClient } from './helpers/client';
import { type Running, run, stopAll } from './helpers/running';

afterEach(stopAll);

/** Makes the calls that the message lists, one after another, and answers with what came of each. */
const caller: FunctionFixture = {
  code: `
    const sign = (service) => ({
      authorization: 'AWS4-HMAC-SHA256 Credential=' + process.env.AWS_ACCESS_KEY_ID + '/20260101/us-east-1/' + service +
        '/aws4_request, SignedHeaders=host, Signature=00',
      'x-amz-security-token': process.env.AWS_SESSION_TOKEN,
    });
    const date = () => new Date().toISOString().replace(/[-:]|\\.\\d+/g, '');
    const dynamo = (name, input) => [process.env.AWS_ENDPOINT_URL_DYNAMODB, 'POST', JSON.stringify(input), {
      'x-amz-target': 'DynamoDB_20120810.' + name, 'content-type': 'application/x-amz-json-1.0', 'x-amz-date': date(), ...sign('dynamodb') }];
    const post = (id, text) => [process.env.CALLBACK + '/@connections/' + encodeURIComponent(id), 'POST', text, { 'x-amz-date': date(), ...sign('execute-api') }];
    exports.handler = async ({ body, requestContext }) => {
      const results = [];
      for (const { name, input, text } of JSON.parse(body)) {
        if (name === 'time') { results.push(Date.now()); continue; }
        const [url, method, content, headers] = text === undefined ? dynamo(name, input) : post(requestContext.connectionId, text);
        try {
          const answer = await fetch(url, { method, body: content, headers, signal: AbortSignal.timeout(700) });
          const said = await answer.text();
          results.push([answer.status, said === '' ? '' : JSON.parse(said)]);
        } catch (error) {
          results.push(error.name === 'TimeoutError' ? 'no answer' : 'cut');
        }
      }
      return { statusCode: 200, body: JSON.stringify({ results }) };
    };`,
  environment: {
    CALLBACK: {
      'Fn::Join': [
        '',
        [
          'https://',
          { Ref: 'Api' },
          '.execute-api.',
          { Ref: 'AWS::Region' },
          '.',
          { Ref: 'AWS::URLSuffix' },
          '/ws',
        ],
      ],
    },
  },
};

const things = {
  Type: 'AWS::DynamoDB::Table',
  Properties: {
    TableName: 'Things',
    KeySchema: [
      { AttributeName: 'k', KeyType: 'HASH' },
      { AttributeName: 's', KeyType: 'RANGE' },
    ],
    AttributeDefinitions: [
      { AttributeName: 'k', AttributeType: 'S' },
      { AttributeName: 's', AttributeType: 'S' },
    ],
    BillingMode: 'PAY_PER_REQUEST',
  },
};

const key = (s: string) => ({ k: { S: 'k' }, s: { S: s } });
const put = (s: string) => ({ name: 'PutItem', input: { TableName: 'Things', Item: key(s) } });
const query = (more: object = {}) => ({
  name: 'Query',
  input: {
    TableName: 'Things',
    KeyConditionExpression: 'k = :k',
    ExpressionAttributeValues: { ':k': { S: 'k' } },
    ...more,
  },
});
const batchGet = (names: string[]) => ({
  name: 'BatchGetItem',
  input: { RequestItems: { Things: { Keys: names.map(key), ConsistentRead: true } } },
});

async function start(plan: FaultPlanInput): Promise<Running & { client: TestClient }> {
  const running = await run(
    {
      functions: { Connect: accept, Default: caller },
      twoWay: ['$default'],
      resources: { Things: things },
    },
    { faultPlan: plan },
  );
  return { ...running, client: await connect(running.url) };
}

async function results(client: TestClient, ...calls: object[]): Promise<unknown[]> {
  client.send(JSON.stringify(calls));
  return (await client.nextJson()).results as unknown[];
}

const names = (result: unknown): string[] =>
  (result as [number, { Items: { s: { S: string } }[] }])[1].Items.map(({ s }) => s.S);

describe('the plan', () => {
  test.each([
    ['nonsense', undefined, 'The fault plan must be an object of seed, rules, clocks.'],
    ['an unknown member', { rulez: [] }, 'The fault plan has an unknown member rulez.'],
    [
      'an unknown service',
      { rules: [{ service: 's3', fault: 'error' }] },
      'The fault plan has a wrong rules.0.service: it must be one of dynamodb, connections, lambda, eventbridge, event.',
    ],
    [
      'a bad share',
      { rules: [{ service: 'event', fault: 'lose', probability: 2 }] },
      'The fault plan has a wrong rules.0.probability: it must be a number from 0 to 1.',
    ],
    [
      'a fault that the service cannot have',
      { rules: [{ service: 'event', fault: 'stale' }] },
      "The fault plan's rules.0 cannot have the fault stale: event supports delay, duplicate, lose.",
    ],
    [
      'a table of another service',
      { rules: [{ service: 'lambda', fault: 'error', table: 'T' }] },
      "The fault plan's rules.0 names a table, which only dynamodb has.",
    ],
    [
      'an end before the beginning',
      { rules: [{ service: 'lambda', fault: 'error', fromMs: 5, untilMs: 5 }] },
      "The fault plan's rules.0 ends before it begins.",
    ],
    [
      'a part of a millisecond',
      { clocks: [{ function: 'Default', skewMs: 0.5 }] },
      'The fault plan has a wrong clocks.0.skewMs: it must be whole milliseconds, at most a day either way.',
    ],
    ['a clock without a function', { clocks: [{ skewMs: 1 }] }, 'The fault plan needs clocks.0.function.'],
  ])('%s is one sentence', (_, plan, message) => {
    expect(() => parseFaultPlan(plan)).toThrow(message);
  });

  const decide = (rule: object, count: number, elapsedMs = 0): string => {
    const decisions = new Decisions(
      parseFaultPlan({ seed: 3, rules: [{ service: 'dynamodb', fault: 'error', ...rule }] }),
    );
    const target = {
      service: 'dynamodb',
      operation: 'PutItem',
      table: 'A-Things-1',
      function: 'B-Default-2',
    } as const;
    return Array.from({ length: count }, () => (decisions.decide(target, elapsedMs) ? 'x' : '.')).join('');
  };

  test('a rule hits by number, share, time, and at most so often', () => {
    expect(decide({ nth: 3 }, 5)).toBe('..x..');
    expect(decide({ times: 2 }, 5)).toBe('xx...');
    expect(decide({ fromMs: 10 }, 2, 9)).toBe('..');
    expect(decide({ fromMs: 10, untilMs: 20 }, 2, 10)).toBe('xx');
    expect(decide({ untilMs: 20 }, 2, 20)).toBe('..');
    const share = decide({ probability: 0.3 }, 1_000);
    expect(share).toBe(decide({ probability: 0.3 }, 1_000));
    expect(Math.abs(share.split('x').length - 301)).toBeLessThan(50);
  });

  test('a rule hits what it names only', () => {
    expect(decide({ operation: 'putitem', table: 'things', function: 'default' }, 1)).toBe('x');
    expect(decide({ operation: 'GetItem' }, 1)).toBe('.');
    expect(decide({ table: 'Others' }, 1)).toBe('.');
    expect(decide({ function: 'Connect' }, 1)).toBe('.');
    expect(decide({ service: 'lambda' }, 1)).toBe('.');
  });
});

describe('DynamoDB', () => {
  test('an error before the write leaves nothing, one after it leaves the item', async () => {
    const { client, gateway } = await start({
      rules: [
        { service: 'dynamodb', operation: 'PutItem', fault: 'error', nth: 1 },
        { service: 'dynamodb', operation: 'PutItem', fault: 'reset', when: 'after', nth: 1 },
        { service: 'dynamodb', operation: 'PutItem', fault: 'throttle', nth: 1 },
      ],
    });
    const [error, cut, throttled, found] = await results(client, put('a'), put('b'), put('c'), query());
    expect(error).toMatchObject([500, { __type: expect.stringContaining('InternalServerError') as string }]);
    expect(cut).toBe('cut');
    expect(throttled).toMatchObject([
      400,
      { __type: expect.stringContaining('ProvisionedThroughput') as string },
    ]);
    expect(names(found)).toEqual(['b']);
    expect(gateway.faultPlan?.report().counts.map(({ fired }) => fired)).toEqual([1, 1, 1]);
  });

  test('a call that hangs is never answered, before or after its effect; others are', async () => {
    const { client } = await start({
      rules: [
        { service: 'dynamodb', operation: 'PutItem', fault: 'hang', nth: 1 },
        { service: 'dynamodb', operation: 'PutItem', fault: 'hang', when: 'after', nth: 1 },
      ],
    });
    const [first, second, found] = await results(client, put('a'), put('b'), query());
    expect([first, second]).toEqual(['no answer', 'no answer']);
    expect(names(found)).toEqual(['b']);
  });

  test('a call that is delayed may come in after its caller has given up', async () => {
    const { client } = await start({
      rules: [{ service: 'dynamodb', operation: 'PutItem', fault: 'delay', delayMs: 1_000, nth: 1 }],
    });
    expect(await results(client, put('a'))).toEqual(['no answer']);
    for (;;) {
      const [found] = await results(client, query());
      if (names(found).length > 0) break;
    }
  });

  test('only a read that is not strongly consistent gets an old answer', async () => {
    const { client } = await start({ rules: [{ service: 'dynamodb', fault: 'stale' }] });
    const [, stale, consistent] = await results(client, put('a'), query(), query({ ConsistentRead: true }));
    expect(names(stale)).toEqual([]);
    expect(names(consistent)).toEqual(['a']);
  });

  test('pages of one item, further pages without any, and keys left for later', async () => {
    const { client } = await start({
      rules: [
        { service: 'dynamodb', fault: 'empty', times: 1 },
        { service: 'dynamodb', fault: 'split' },
      ],
    });
    const first = await results(client, put('a'), put('b'), query(), batchGet(['a', 'b']));
    expect(names(first[2])).toEqual(['a']);
    const [, { LastEvaluatedKey }] = first[2] as [number, { LastEvaluatedKey: object }];
    expect(first[3]).toMatchObject([
      200,
      {
        Responses: { Things: [key('a')] },
        UnprocessedKeys: { Things: { Keys: [key('b')], ConsistentRead: true } },
      },
    ]);
    const next = query({ ExclusiveStartKey: LastEvaluatedKey });
    const [empty, last] = await results(client, next, next);
    expect(empty).toMatchObject([200, { Items: [], LastEvaluatedKey }]);
    expect(names(last)).toEqual(['b']);
  });
});

describe('@connections', () => {
  test('an error of a wanted status; a post that is made twice; one that arrives and is not answered', async () => {
    const { client } = await start({
      rules: [
        { service: 'connections', operation: 'post', fault: 'error', status: 410, nth: 1 },
        { service: 'connections', operation: 'post', fault: 'duplicate', nth: 1 },
        { service: 'connections', operation: 'post', fault: 'error', status: 503, when: 'after', nth: 1 },
      ],
    });
    client.send(JSON.stringify([{ text: 'one' }, { text: 'two' }, { text: 'three' }]));
    expect([await client.next(), await client.next(), await client.next()]).toEqual(['two', 'two', 'three']);
    expect((await client.nextJson()).results).toMatchObject([
      [410, { __type: 'GoneException' }],
      [200, ''],
      [503, {}],
    ]);
  });
});

describe('functions', () => {
  test('a process that is killed at a call fails its event; the next one gets a new process', async () => {
    const { client, recorder } = await start({
      rules: [
        { service: 'dynamodb', operation: 'PutItem', fault: 'kill', nth: 1 },
        { service: 'dynamodb', operation: 'PutItem', fault: 'kill', when: 'after', nth: 1 },
      ],
    });
    for (const name of ['a', 'b']) {
      client.send(JSON.stringify([put(name)]));
      expect(await client.nextJson()).toMatchObject({ message: 'Internal server error' });
    }
    await recorder.line('Runtime exited');
    expect(names((await results(client, query()))[0])).toEqual(['b']);
  });

  test('events are delayed, doubled or lost', async () => {
    const { client } = await start({
      rules: [
        { service: 'event', operation: 'message', fault: 'duplicate', delayMs: 0, nth: 1 },
        { service: 'event', operation: 'message', fault: 'lose', nth: 1 },
        { service: 'event', operation: 'message', fault: 'delay', delayMs: 20, nth: 1 },
      ],
    });
    client.send(JSON.stringify([{ text: 'doubled' }]));
    const received = [await client.next(), await client.next(), await client.next()];
    expect(received.filter((text) => text === 'doubled')).toHaveLength(2);
    client.send(JSON.stringify([{ text: 'lost' }]));
    expect(await client.nextJson()).toMatchObject({ message: 'Internal server error' });
    client.send(JSON.stringify([{ text: 'late' }]));
    expect(await client.next()).toBe('late');
  });

  test('the clock of one function is wrong, and jumps', async () => {
    const { client, gateway } = await start({ clocks: [{ function: 'Default', skewMs: -300_000 }] });
    const time = async (): Promise<number> => Number((await results(client, { name: 'time' }))[0]);
    expect(Math.abs((await time()) + 300_000 - Date.now())).toBeLessThan(60_000);
    gateway.faultPlan?.replace({ clocks: [{ function: 'Default', skewMs: 300_000 }] });
    expect(Math.abs((await time()) - 300_000 - Date.now())).toBeLessThan(60_000);
    gateway.faultPlan?.replace({ clocks: [{ function: 'Default', skewMs: 300_000, fromMs: 1 }] });
    while (Math.abs((await time()) - 300_000 - Date.now()) > 60_000);
    gateway.faultPlan?.replace({ clocks: [{ function: 'Connect', skewMs: 300_000 }] });
    expect(Math.abs((await time()) - Date.now())).toBeLessThan(60_000);
  });

  test.each([-301_000, 302_000])('a signature that is %d ms off is refused', async (skewMs) => {
    const { client, gateway } = await start({ clocks: [{ function: 'Default', skewMs }] });
    const outcomes = await results(client, put('a'), { name: 'post', text: 'mistimed' });
    const refusal = expect.objectContaining({ __type: 'InvalidSignatureException' }) as unknown;
    expect(outcomes).toEqual([
      [400, refusal],
      [403, refusal],
    ]);
    gateway.faultPlan?.replace({ clocks: [{ function: 'Default', skewMs: Math.sign(skewMs) * 290_000 }] });
    expect((await results(client, put('a')))[0]).toMatchObject([200, {}]);
  });
});

describe('/_gateway/faults', () => {
  const page = (running: Running) => running.gateway.urls.ready.replace('ready', 'faults');

  test('GET tells, PUT replaces, a mistake is 400 and changes nothing', async () => {
    const running = await start({ rules: [{ service: 'dynamodb', operation: 'PutItem', fault: 'error' }] });
    await results(running.client, put('a'));
    const report = async () => JSON.parse((await call('GET', page(running))).body) as Record<string, unknown>;
    expect(await report()).toMatchObject({
      plan: { seed: 1, rules: [{ operation: 'PutItem', when: 'before', status: 500 }] },
      counts: [{ seen: 1, fired: 1 }],
    });
    const mistake = await call('PUT', page(running), { body: '{"rules":[{"service":"s3"}]}' });
    expect([mistake.status, mistake.body]).toEqual([
      400,
      expect.stringContaining('rules.0.service: it must be one of'),
    ]);
    expect(await report()).toMatchObject({ counts: [{ fired: 1 }] });
    expect((await call('PUT', page(running), { body: '{}' })).status).toBe(200);
    expect(await report()).toMatchObject({ plan: { rules: [] }, counts: [] });
    expect((await results(running.client, put('a')))[0]).toMatchObject([200, {}]);
    expect((await call('POST', page(running), { body: '{}' })).status).toBe(405);
  });

  test('a gateway that was started without a plan says so', async () => {
    const running = await run({ functions: { Connect: accept, Default: accept } });
    expect(await call('GET', page(running))).toMatchObject({
      status: 409,
      body: expect.stringContaining('--faults') as string,
    });
  });
});
