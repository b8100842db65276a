/**
 * Which function a message reaches, what comes back, and the frames that the gateway sends by itself.
 * A socket survives every failure of a function.
 */
import { accept, recording } from './helpers/assembly';
import { connect } from './helpers/client';
import { run, stopAll } from './helpers/running';

afterEach(stopAll);

const named = (name: string): string =>
  `exports.handler = async () => ({ statusCode: 200, body: ${JSON.stringify(name)} });`;

test('GW-33 GW-36 messages without a route of their own go to $default, lifecycle names included', async () => {
  const { url } = await run({
    functions: { Connect: accept, Default: named('default'), Join: named('join') },
    routes: { join: 'Join' },
    twoWay: ['$default', 'join'],
  });
  const client = await connect(url);
  const cases = [
    ['{"action":"join"}', 'join'],
    ['not json', 'default'],
    ['{"other":1}', 'default'],
    ['{"action":"leave"}', 'default'],
    ['{"action":"$connect"}', 'default'],
    ['{"action":"$disconnect"}', 'default'],
    ['null', 'default'],
    ['', 'default'],
  ];
  for (const [message = '', answer] of cases) {
    client.send(message);
    expect(await client.next()).toBe(answer);
  }
});

test('GW-36 a switch lets messages select the lifecycle routes', async () => {
  const { url } = await run(
    {
      functions: { Connect: accept, Default: named('default'), Disconnect: named('disconnect') },
      twoWay: ['$default', '$disconnect'],
    },
    { unverified: { lifecycleRoutesSelectable: true } },
  );
  const client = await connect(url);
  client.send('{"action":"$disconnect"}');
  expect(await client.next()).toBe('disconnect');
});

test('GW-34 values are stringified, and composite and static expressions work', async () => {
  const { url } = await run({
    functions: { Connect: accept, Default: named('default'), One: named('one'), List: named('list') },
    routes: { 'v1/1': 'One', 'v1/[a, b]': 'List' },
    twoWay: ['$default', 'v1/1', 'v1/[a, b]'],
    expression: 'v1/${request.body.kind}',
  });
  const client = await connect(url);
  for (const [message, answer] of [
    [{ kind: 1 }, 'one'],
    [{ kind: ['a', 'b'] }, 'list'],
    [{}, 'default'],
  ] as const) {
    client.send(message);
    expect(await client.next()).toBe(answer);
  }
});

test('GW-35 without a route and without $default the client gets a Forbidden frame and stays', async () => {
  const { url, gateway } = await run({ functions: { Connect: accept } });
  const client = await connect(url);
  client.send('hello');
  const { connectionId } = gateway.connections()[0]!;
  expect(await client.nextJson()).toEqual({
    message: 'Forbidden',
    connectionId,
    requestId: expect.stringMatching(/^[\w-]{15}=$/),
  });
  client.send('again');
  expect(await client.nextJson()).toMatchObject({ message: 'Forbidden' });
});

test('GW-37 a result is dropped on a one-way route, and a two-way route without a body sends nothing', async () => {
  const { url, recorder } = await run({
    functions: {
      Connect: accept,
      Default: recording("{ statusCode: 200, body: 'ignored' }"),
      Two: "exports.handler = async (event) => (event.body.includes('1') ? { statusCode: 200 } : { statusCode: 200, body: 'x' });",
    },
    routes: { two: 'Two' },
    twoWay: ['two'],
  });
  const client = await connect(url);
  client.send('hello');
  await recorder.event('Default');
  client.send('{"action":"two","n":1}');
  client.send('{"action":"two"}');
  expect(await client.next()).toBe('x');
  expect(client.unread).toEqual([]);
});

test('GW-38 GW-40 a throw and a malformed result give an error frame, even on a one-way route', async () => {
  const { url, gateway, recorder } = await run({
    functions: {
      Connect: accept,
      Default: `exports.handler = async (event) => {
        if (event.body === 'throw') throw new Error('inside');
        if (event.body === 'malformed') return { body: 'no status' };
        if (event.body === 'nothing') return undefined;
        console.log(JSON.stringify(event));
        return { statusCode: 200 };
      };`,
    },
  });
  const client = await connect(url);
  const { connectionId } = gateway.connections()[0]!;
  for (const mode of ['throw', 'malformed', 'nothing']) {
    client.send(mode);
    expect(await client.nextJson()).toEqual({
      message: 'Internal server error',
      connectionId,
      requestId: expect.stringMatching(/^[\w-]{15}=$/),
    });
  }
  client.send('fine');
  expect((await recorder.event('Default')).body).toBe('fine');
  await recorder.line('Error: inside');
});

test('GW-39 over the integration timeout the client gets an error, and the function continues', async () => {
  const { url, gateway, recorder } = await run({
    functions: {
      Connect: accept,
      Default: {
        code: `exports.handler = async () => {
          console.log('begun');
          await new Promise((resolve) => setTimeout(resolve, 300));
          console.log('ended');
          return { statusCode: 200 };
        };`,
        timeoutSeconds: 60,
      },
    },
  });
  const client = await connect(url);
  client.send('hello');
  await recorder.line('begun');
  await gateway.clock.advance(29_000);
  expect(await client.nextJson()).toMatchObject({
    message: 'Endpoint request timed out',
    connectionId: expect.any(String),
    requestId: expect.any(String),
  });
  await recorder.line('ended');
  expect(client.unread).toEqual([]);
});

test('GW-41 two frames run at the same time; a slow first one does not block the second', async () => {
  const { url } = await run({
    functions: {
      Connect: accept,
      Default: `exports.handler = async (event) => {
        if (event.body === 'slow') await new Promise((resolve) => setTimeout(resolve, 400));
        return { statusCode: 200, body: event.body };
      };`,
    },
    twoWay: ['$default'],
  });
  const client = await connect(url);
  client.send('slow');
  client.send('fast');
  expect(await client.next()).toBe('fast');
  expect(await client.next()).toBe('slow');
});
