/**
 * The REQUEST authorizer: identity sources, its event, and every outcome as the client sees it.
 * The policies are those that real authorizers get wrong.
 */
import { accept, recording } from './helpers/assembly';
import { connect, handshakeStatus } from './helpers/client';
import { type Running, run, stopAll } from './helpers/running';

/** The token is the authorizer's answer: JSON with `ARN` for the method's ARN, or the text of an error. */
const authorizer = `exports.handler = async (event) => {
  console.log(JSON.stringify(event));
  const token = event.queryStringParameters.token;
  if (!token.startsWith('{')) throw new Error(token);
  return JSON.parse(token.replaceAll('ARN', event.methodArn));
};`;

const allow = (more: object = {}, statement: object = {}): string =>
  JSON.stringify({
    principalId: 'someone',
    policyDocument: {
      Version: '2012-10-17',
      Statement: [{ Action: 'execute-api:Invoke', Effect: 'Allow', Resource: 'ARN', ...statement }],
    },
    ...more,
  });

let running: Running;
const status = (token: string): Promise<number> =>
  handshakeStatus(`${running.url}?token=${encodeURIComponent(token)}`);

beforeAll(async () => {
  running = await run({
    functions: {
      Authorizer: authorizer,
      Connect: recording(),
      Default: recording(),
      Disconnect: recording(),
    },
  });
});
afterAll(stopAll);

test('GW-12 the authorizer runs once per handshake and never for messages or the end', async () => {
  const before = running.recorder.events('Authorizer').length;
  const client = await connect(`${running.url}?token=${encodeURIComponent(allow())}`);
  client.send('hello');
  await running.recorder.event('Default');
  client.socket.close();
  await running.recorder.event('Disconnect');
  expect(running.recorder.events('Authorizer')).toHaveLength(before + 1);
  await connect(`${running.url}?token=${encodeURIComponent(allow())}`);
  expect(running.recorder.events('Authorizer')).toHaveLength(before + 2);
});

test.each(['', '?token=', '?other=1'])(
  'GW-13 the query "%s" lacks the identity source: 401 without an invocation',
  async (query) => {
    const before = running.recorder.events('Authorizer').length;
    expect(await handshakeStatus(`${running.url}${query}`)).toBe(401);
    expect(running.recorder.events('Authorizer')).toHaveLength(before);
  },
);

test('GW-13 GW-14 every identity source must be there; headers match whatever their case', async () => {
  const { url } = await run({
    functions: { Authorizer: authorizer, Connect: accept },
    identitySources: [
      'route.request.querystring.token',
      'route.request.header.X-Agent',
      'stageVariables.region',
      'context.identity.sourceIp',
    ],
    stageVariables: { region: 'north' },
  });
  const address = `${url}?token=${encodeURIComponent(allow())}`;
  expect(await handshakeStatus(address)).toBe(401);
  expect(await handshakeStatus(address, [], { headers: { 'x-AGENT': 'a' } })).toBe(101);
});

test.each(['$request.header.Token', 'token', 'route.request.body.token'])(
  'GW-13 the identity source %s is refused at the start',
  async (source) => {
    const fixture = { functions: { Authorizer: authorizer, Connect: accept }, identitySources: [source] };
    await expect(run(fixture)).rejects.toThrow(`TheAuthorizer.IdentitySource holds ${source}`);
  },
);

test('GW-15 the event of the authorizer', async () => {
  await status(allow());
  const event = running.recorder.events('Authorizer').at(-1)!;
  const connectEvent = running.recorder.events('Connect').at(-1)!;
  expect(Object.keys(event).sort()).toEqual([
    'headers',
    'methodArn',
    'multiValueHeaders',
    'multiValueQueryStringParameters',
    'queryStringParameters',
    'requestContext',
    'stageVariables',
    'type',
  ]);
  expect(event.type).toBe('REQUEST');
  expect(event.methodArn).toMatch(/^arn:aws:execute-api:us-east-1:000000000000:[a-z0-9]{10}\/ws\/\$connect$/);
  expect(event.headers).toMatchObject({ Connection: 'Upgrade', Upgrade: 'websocket', 'content-length': '0' });
  expect(event.stageVariables).toEqual({});
  expect(event.requestContext).toMatchObject({ routeKey: '$connect', eventType: 'CONNECT' });
  expect(event.requestContext.connectionId).toBe(connectEvent.requestContext.connectionId);
});

test('GW-15 without a query the maps of the authorizer event are empty objects', async () => {
  const { url, recorder } = await run({
    functions: { Authorizer: recording(), Connect: accept },
    identitySources: ['route.request.header.Host'],
  });
  expect(await handshakeStatus(url)).toBe(500);
  const event = await recorder.event('Authorizer');
  expect(event.queryStringParameters).toEqual({});
  expect(event.multiValueQueryStringParameters).toEqual({});
});

test.each([
  ['the ARN itself', allow(), 101],
  ['a stage wildcard', allow({}, { Resource: 'arn:aws:execute-api:*:*:*/ws/*' }), 101],
  ['lists', allow({}, { Resource: ['arn:other', 'ARN'], Action: ['execute-api:Invoke'] }), 101],
  ['a wildcard action', allow({}, { Action: 'execute-api:*' }), 101],
  ['one-character wildcards', allow({}, { Resource: 'arn:aws:execute-api:*/w?/$connect' }), 101],
  ['Deny', allow({}, { Effect: 'Deny' }), 403],
  ['another resource', allow({}, { Resource: 'arn:aws:execute-api:us-east-1:1:other/ws/$connect' }), 403],
  ['another action', allow({}, { Action: 'execute-api:ManageConnections' }), 403],
])('GW-16 a policy with %s', async (_, token, expected) => {
  expect(await status(token)).toBe(expected);
});

test('GW-16 an explicit Deny wins over Allow', async () => {
  const statements = ['Allow', 'Deny'].map((Effect) => ({ Action: '*', Effect, Resource: '*' }));
  expect(await status(allow({ policyDocument: { Statement: statements } }))).toBe(403);
});

test('GW-17 the REST form stage/*/* does not match $connect', async () => {
  expect(await status(allow({}, { Resource: 'arn:aws:execute-api:*:*:*/ws/*/*' }))).toBe(403);
});

test.each([
  ['Unauthorized', 401],
  ['unauthorized', 500],
  ['anything else', 500],
])('GW-18 the error "%s"', async (message, expected) => {
  expect(await status(message)).toBe(expected);
});

test.each([
  ['no policy', JSON.stringify({ principalId: 'a' })],
  ['no principal', allow({ principalId: undefined })],
  ['a condition', allow({}, { Condition: {} })],
  ['no statement', allow({ policyDocument: {} })],
])('GW-18 an answer with %s is 500', async (_, token) => {
  expect(await status(token)).toBe(500);
});

test.each([
  ['an object', { tenant: { id: 1 } }],
  ['a list', { tenant: [1] }],
  ['null', { tenant: null }],
])('GW-19 a context value that is %s gives 500', async (_, context) => {
  expect(await status(allow({ context }))).toBe(500);
});

test('GW-19 GW-20 the context reaches all three events as text', async () => {
  const { url, recorder } = await run({
    functions: {
      Authorizer: authorizer,
      Connect: recording(),
      Default: recording(),
      Disconnect: recording(),
    },
  });
  const token = allow({ context: { tenant: 't', level: 1, echo: false } });
  const client = await connect(`${url}?token=${encodeURIComponent(token)}`);
  client.send('hello');
  await recorder.event('Default');
  client.socket.close();
  for (const name of ['Connect', 'Default', 'Disconnect']) {
    const { authorizer: context } = (await recorder.event(name)).requestContext;
    expect(context).toEqual({
      principalId: 'someone',
      tenant: 't',
      level: '1',
      echo: 'false',
      integrationLatency: expect.any(Number),
    });
  }
});

test('GW-20 a switch leaves integrationLatency out', async () => {
  const { url, recorder } = await run(
    { functions: { Authorizer: authorizer, Connect: recording() } },
    { unverified: { integrationLatency: false } },
  );
  await connect(`${url}?token=${encodeURIComponent(allow({}))}`);
  expect((await recorder.event('Connect')).requestContext.authorizer).toEqual({ principalId: 'someone' });
});

test('GW-21 a result over 8 KB gives 500', async () => {
  const { url } = await run({
    functions: {
      Authorizer: `exports.handler = async (event) => ({
        principalId: 'a',
        policyDocument: { Statement: { Action: '*', Effect: 'Allow', Resource: '*' } },
        context: { padding: 'x'.repeat(Number(event.queryStringParameters.token)) },
      });`,
      Connect: accept,
    },
  });
  expect(await handshakeStatus(`${url}?token=8000`)).toBe(101);
  expect(await handshakeStatus(`${url}?token=8192`)).toBe(500);
});
