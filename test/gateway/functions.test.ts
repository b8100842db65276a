/**
 * The life of a function: environment, freezing, concurrency, and every way to fail.
 * Whatever a bundle does, the gateway and the next event survive it.
 */
import type { GatewayOptions } from '../../gateway';
import { accept } from './helpers/assembly';
import { connect, handshakeStatus, type TestClient } from './helpers/client';
import { type Running, run, stopAll } from './helpers/running';
import type { FunctionFixture } from './helpers/assembly';

afterEach(stopAll);

/** A connected client whose messages go to the given function and come back with its body. */
async function withDefault(
  code: string,
  settings: Partial<FunctionFixture> = {},
  options: Partial<GatewayOptions> = {},
): Promise<Running & { client: TestClient }> {
  const functions = { Connect: accept, Default: { code, ...settings } };
  const running = await run({ functions, twoWay: ['$default'] }, options);
  return { ...running, client: await connect(running.url) };
}

test('GW-74 un-awaited work stands still after the handler has settled, and goes on with the next event', async () => {
  const { client, recorder } = await withDefault(`
    let ticks = 0;
    exports.handler = async (event) => {
      const seen = ticks;
      if (event.body === 'start') setInterval(() => { ticks += 1; }, 1);
      if (event.body === 'wait') await new Promise((resolve) => setTimeout(resolve, 50));
      Promise.resolve().then(() => new Promise(setImmediate)).then(() => console.log('left over from ' + event.body));
      return { statusCode: 200, body: JSON.stringify({ seen, now: ticks }) };
    };`);
  client.send('start');
  expect(await client.nextJson()).toEqual({ seen: 0, now: 0 });
  // Another thread of this process is busy for a while; the frozen one must not get on meanwhile.
  const until = performance.now() + 100;
  while (performance.now() < until);
  expect(recorder.entries.map(({ text }) => text)).not.toContain('left over from start');
  client.send('look');
  const { seen } = await client.nextJson();
  expect(Number(seen)).toBeLessThanOrEqual(1);
  client.send('wait');
  expect(Number((await client.nextJson()).now)).toBeGreaterThan(5);
  await recorder.line('left over from look');
});

test('GW-75 a function has its own variables and Lambda’s, with the callback origin made local, and no others', async () => {
  process.env.SECRET_OF_THE_SHELL = 'x';
  const id = { Ref: 'Api' };
  const callback = [
    'https://',
    id,
    '.execute-api.',
    { Ref: 'AWS::Region' },
    '.',
    { Ref: 'AWS::URLSuffix' },
    '/ws',
  ];
  const { client, gateway } = await withDefault(
    'exports.handler = async () => ({ statusCode: 200, body: JSON.stringify(process.env) });',
    {
      memoryMb: 512,
      environment: {
        CALLBACK_URL: { 'Fn::Join': ['', callback] },
        PUBLIC_URL: { 'Fn::Sub': '${Api.ApiEndpoint}/ws' },
        OTHER_URL: 'https://other.execute-api.us-east-1.amazonaws.com/ws',
      },
    },
  );
  client.send('env');
  const { endpoints, port } = gateway;
  expect(await client.nextJson()).toEqual({
    CALLBACK_URL: `http://127.0.0.1:${port}/ws`,
    PUBLIC_URL: `ws://127.0.0.1:${port}/ws`,
    OTHER_URL: 'https://other.execute-api.us-east-1.amazonaws.com/ws',
    AWS_REGION: 'us-east-1',
    AWS_LAMBDA_FUNCTION_NAME: 'Test-Default',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
    AWS_ACCESS_KEY_ID: expect.any(String),
    AWS_SECRET_ACCESS_KEY: expect.any(String),
    AWS_SESSION_TOKEN: expect.any(String),
    // Not the engine itself: what functions ask of it is metered on the way.
    AWS_ENDPOINT_URL_DYNAMODB: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    AWS_ENDPOINT_URL_LAMBDA: endpoints.lambda,
    AWS_ENDPOINT_URL_KMS: endpoints.kms,
    AWS_ENDPOINT_URL_EVENTBRIDGE: endpoints.eventBridge,
    AWS_ENDPOINT_URL_SQS: endpoints.sqs,
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    TZ: 'UTC',
  });
});

test('GW-75 the context follows the function’s settings', async () => {
  const { client } = await withDefault(
    `exports.handler = async (event, context) => ({
      statusCode: 200,
      body: JSON.stringify({ ...context, remaining: context.getRemainingTimeInMillis() }),
    });`,
    { timeoutSeconds: 7, memoryMb: 512 },
  );
  client.send('context');
  const context = await client.nextJson();
  expect(context).toMatchObject({
    functionName: 'Test-Default',
    functionVersion: '$LATEST',
    invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:Test-Default',
    memoryLimitInMB: '512',
    awsRequestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
  });
  expect(Number(context.remaining)).toBeGreaterThan(6_000);
  expect(Number(context.remaining)).toBeLessThanOrEqual(7_000);
});

test('handlers may use the callback', async () => {
  const { client } = await withDefault(`exports.handler = (event, context, callback) => {
    if (event.body === 'fail') callback(new Error('told'));
    else if (event.body === 'text') callback('told');
    else setTimeout(() => callback(null, { statusCode: 200, body: 'called back' }), 5);
  };`);
  client.send('fine');
  expect(await client.next()).toBe('called back');
  for (const mode of ['fail', 'text']) {
    client.send(mode);
    expect(await client.nextJson()).toMatchObject({ message: 'Internal server error' });
  }
});

const failures: [string, string, string][] = [
  ['ends the process', 'process.exit(3);', 'exit status 3'],
  [
    'throws outside of the handler',
    "setTimeout(() => { throw new Error('outside'); }, 1); await new Promise(() => setInterval(() => {}, 1000));",
    'outside',
  ],
  [
    'leaves a rejection unhandled',
    "Promise.reject(new Error('unhandled')); await new Promise(() => setInterval(() => {}, 1000));",
    'unhandled',
  ],
  ['answers what JSON cannot hold', 'return { statusCode: 200, big: 1n };', 'BigInt'],
];

test.each(failures)(
  'GW-38 a function that %s fails its event and is replaced',
  async (_, statement, line) => {
    const { client, recorder } = await withDefault(`exports.handler = async (event) => {
    if (event.body === 'fail') { ${statement} }
    return { statusCode: 200, body: 'alive' };
  };`);
    client.send('fail');
    expect(await client.nextJson()).toMatchObject({ message: 'Internal server error' });
    await recorder.line(line);
    client.send('again');
    expect(await client.next()).toBe('alive');
  },
);

test('an event loop that runs dry before the handler settles answers null, and the thread lives on', async () => {
  const { client } = await withDefault(`
    let count = 0;
    exports.handler = async (event) => {
      count += 1;
      if (event.body === 'dry') await new Promise(() => {});
      return { statusCode: 200, body: String(count) };
    };`);
  client.send('dry');
  expect(await client.nextJson()).toMatchObject({ message: 'Internal server error' });
  client.send('again');
  expect(await client.next()).toBe('2');
});

test('GW-38 a function over its timeout is ended and replaced, an endless loop as well', async () => {
  const { client, recorder } = await withDefault(
    `exports.handler = async (event) => {
      if (event.body === 'hang') for (;;);
      return { statusCode: 200, body: 'alive' };
    };`,
    { timeoutSeconds: 1 },
  );
  client.send('hang');
  expect(await client.nextJson()).toMatchObject({ message: 'Internal server error' });
  await recorder.line('Task timed out after 1.00 seconds');
  client.send('again');
  expect(await client.next()).toBe('alive');
});

test.each([
  ['does not compile', 'this is no JavaScript', 'SyntaxError'],
  ['throws while it loads', "throw new Error('at load')", 'at load'],
  ['ends the process while it loads', 'process.exit(4)', 'exit status 4'],
  ['has no handler', 'exports.other = 1;', 'does not export handler'],
])('GW-5 GW-38 a bundle that %s fails every event and nothing else', async (_, code, line) => {
  const { client, recorder } = await withDefault(code);
  for (const message of ['one', 'two']) {
    client.send(message);
    expect(await client.nextJson()).toMatchObject({ message: 'Internal server error' });
  }
  await recorder.line(line);
});

test('GW-41 at most eight events run at once; the others wait and all are answered', async () => {
  const { client } = await withDefault(`exports.handler = async () => {
    await new Promise((resolve) => setTimeout(resolve, 60));
    return { statusCode: 200, body: String(require('node:worker_threads').threadId) };
  };`);
  for (let sent = 0; sent < 30; sent += 1) client.send('go');
  const threads = new Set<string>();
  for (let received = 0; received < 30; received += 1) threads.add(await client.next());
  expect(threads.size).toBeGreaterThan(1);
  expect(threads.size).toBeLessThanOrEqual(8);
});

test('GW-44 over the cap on concurrency a handshake fails, a message gives an error frame, and the rest goes on', async () => {
  const { client, gateway, url, recorder } = await withDefault(
    `exports.handler = async (event) => {
      console.log('begun');
      if (event.body === 'slow') await new Promise((resolve) => setTimeout(resolve, 400));
      return { statusCode: 200, body: 'done with ' + event.body };
    };`,
    {},
    { concurrency: 1 },
  );
  const { connectionId } = gateway.connections()[0]!;
  client.send('slow');
  await recorder.line('begun');
  client.send('excess');
  expect(await client.nextJson()).toMatchObject({ message: 'Internal server error', connectionId });
  expect(await handshakeStatus(url)).toBe(500);
  expect(await client.next()).toBe('done with slow');
  client.send('again');
  expect(await client.next()).toBe('done with again');
});

test('GW-44 a throttled asynchronous event is kept and tried again', async () => {
  const { client, gateway, recorder } = await withDefault(
    `exports.handler = async (event, { functionName }) => {
      if (event.later) { console.log('the later one ran'); return; }
      const url = process.env.AWS_ENDPOINT_URL_LAMBDA + '/2015-03-31/functions/' + functionName + '/invocations';
      const Authorization = 'AWS4-HMAC-SHA256 Credential=K/20260101/us-east-1/lambda/aws4_request';
      const headers = { Authorization, 'X-Amz-Invocation-Type': 'Event' };
      const { status } = await fetch(url, { method: 'POST', body: '{"later":true}', headers });
      return { statusCode: 200, body: String(status) };
    };`,
    {},
    { concurrency: 1 },
  );
  client.send('start another');
  expect(await client.next()).toBe('202');
  await gateway.clock.advance(1_000);
  await recorder.line('the later one ran');
});

test('GW-76 a switch loads the module again for every event', async () => {
  const { client } = await withDefault(
    'let count = 0; exports.handler = async () => ({ statusCode: 200, body: String((count += 1)) });',
    {},
    { coldStarts: 'always' },
  );
  for (let sent = 0; sent < 10; sent += 1) client.send('count');
  for (let received = 0; received < 10; received += 1) expect(await client.next()).toBe('1');
});

test('GW-76 a warm thread keeps its module for the next event', async () => {
  const { client } = await withDefault(
    'let count = 0; exports.handler = async () => ({ statusCode: 200, body: String((count += 1)) });',
  );
  for (const expected of ['1', '2', '3']) {
    client.send('count');
    expect(await client.next()).toBe(expected);
  }
});

test('output of functions reaches the log by stream, with the request it belongs to', async () => {
  const { client, recorder } = await withDefault(`exports.handler = async (event, context) => {
    console.log('out', { a: 1 });
    console.error('err');
    process.stdout.write('raw');
    return { statusCode: 200, body: context.awsRequestId };
  };`);
  client.send('speak');
  const requestId = await client.next();
  const base = { function: 'Test-Default', requestId };
  expect(recorder.entries).toEqual([
    { ...base, stream: 'stdout', text: 'out { a: 1 }' },
    { ...base, stream: 'stderr', text: 'err' },
    { ...base, stream: 'stdout', text: 'raw' },
  ]);
});
