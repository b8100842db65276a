/**
 * GW-70: a function reaches `@connections` only as far as the policies of its role go.
 * The gateway knows the function by the session token that it gave to it.
 */
import { accept, type Fixture } from './helpers/assembly';
import { call, connect } from './helpers/client';
import { run, stopAll } from './helpers/running';

afterEach(stopAll);

/** Calls `@connections` about its own connection with its own credentials, as an SDK would, and answers with the status. */
const caller = `exports.handler = async ({ body, requestContext: { domainName, stage, connectionId } }) => {
  const scope = process.env.AWS_ACCESS_KEY_ID + '/20260101/us-east-1/execute-api/aws4_request';
  const headers = {
    Authorization: 'AWS4-HMAC-SHA256 Credential=' + scope,
    'X-Amz-Security-Token': process.env.AWS_SESSION_TOKEN,
  };
  const url = 'http://' + domainName + '/' + stage + '/@connections/' + encodeURIComponent(connectionId);
  const answer = await fetch(url, { method: body, headers, ...(body === 'POST' && { body: 'posted' }) });
  return { statusCode: 200, body: JSON.stringify({ status: answer.status, text: await answer.text() }) };
};`;

const resource = (path: string): unknown => ({
  'Fn::Join': [
    ':',
    [
      'arn',
      { Ref: 'AWS::Partition' },
      'execute-api',
      { Ref: 'AWS::Region' },
      { Ref: 'AWS::AccountId' },
      path,
    ],
  ],
});
const allow = (Resource: unknown, Action: unknown = 'execute-api:ManageConnections'): object => ({
  Effect: 'Allow',
  Action,
  Resource,
});
const apiPath = (path: string): unknown => resource(`\${Api}${path}`);

/** With `Fn::Sub`, since the API's id stands inside the text. */
const onApi = (path: string): unknown => {
  const { 'Fn::Join': joined } = apiPath(path) as { 'Fn::Join': [string, unknown[]] };
  const [separator, parts] = joined;
  return { 'Fn::Join': [separator, [...parts.slice(0, -1), { 'Fn::Sub': parts.at(-1) }]] };
};

const attached = (...statements: object[]): Record<string, unknown> => ({
  SomeRole: { Type: 'AWS::IAM::Role', Properties: {} },
  SomePolicy: {
    Type: 'AWS::IAM::Policy',
    Properties: { Roles: [{ Ref: 'SomeRole' }], PolicyDocument: { Statement: statements } },
  },
});

const unrelated = {
  Effect: 'Allow',
  Action: 's3:GetObject',
  Resource: { 'Fn::GetAtt': ['SomethingUnknown', 'Arn'] },
  Condition: { Bool: { 'aws:SecureTransport': true } },
};

const inline = {
  SomeRole: {
    Type: 'AWS::IAM::Role',
    Properties: { Policies: [{ PolicyDocument: { Statement: allow('*', 'execute-api:*') } }] },
  },
};

const managed = {
  SomeRole: { Type: 'AWS::IAM::Role', Properties: { ManagedPolicyArns: [{ Ref: 'Managed' }] } },
  Managed: {
    Type: 'AWS::IAM::ManagedPolicy',
    Properties: { PolicyDocument: { Statement: [allow(onApi('/ws/POST/@connections/*'))] } },
  },
};

const cases: [string, Record<string, unknown>, Record<string, number>][] = [
  [
    'a role without policies',
    { SomeRole: { Type: 'AWS::IAM::Role', Properties: {} } },
    { POST: 403, GET: 403 },
  ],
  ['POST only', attached(unrelated, allow(onApi('/ws/POST/@connections/*'))), { GET: 403, POST: 200 }],
  ['another stage', attached(allow(onApi('/prod/*/@connections/*'))), { POST: 403 }],
  ['another API', attached(allow(resource('other/*'))), { POST: 403 }],
  ['another action', attached(allow('*', 'execute-api:Invoke')), { POST: 403 }],
  [
    'a Deny',
    attached(allow('*'), { ...allow(onApi('/ws/DELETE/*')), Effect: 'Deny' }),
    { POST: 200, DELETE: 403 },
  ],
  ['a condition', attached({ ...allow('*'), Condition: { Bool: { x: true } } }), { POST: 403 }],
  ['an inline policy', inline, { POST: 200, GET: 200 }],
  ['a managed policy of the stack', managed, { GET: 403, POST: 200 }],
  ['a role of another stack', {}, { GET: 200, POST: 200 }],
];

const fixture = (resources: Record<string, unknown>): Fixture => ({
  functions: { Connect: accept, Default: caller },
  twoWay: ['$default'],
  resources,
});

test.each(cases)('GW-70 %s', async (_, resources, expected) => {
  const { url } = await run(fixture(resources));
  const client = await connect(url);
  for (const [method, status] of Object.entries(expected)) {
    client.send(method);
    if (status === 200 && method === 'POST') expect(await client.next()).toBe('posted');
    expect(await client.nextJson()).toMatchObject({ status });
  }
});

test('GW-70 the refusal names the function, the action and the resource', async () => {
  const { url, gateway } = await run(fixture(attached()));
  const client = await connect(url);
  const { connectionId } = gateway.connections()[0]!;
  client.send('GET');
  const { text } = await client.nextJson();
  const { message } = JSON.parse(String(text)) as Record<string, string>;
  expect(message).toMatch(/^Test-Default is not authorized to perform: execute-api:ManageConnections on /);
  expect(message!.endsWith(`/ws/GET/@connections/${connectionId}`)).toBe(true);
});

test('GW-70 the check can be turned off, and does not hold for callers outside the stack', async () => {
  const without = await run(fixture(attached()), { checkPermissions: false });
  const client = await connect(without.url);
  client.send('GET');
  expect(await client.nextJson()).toMatchObject({ status: 200 });
  const checked = await run(fixture(attached()));
  await connect(checked.url);
  const { connectionId } = checked.gateway.connections()[0]!;
  expect((await call('GET', checked.connectionUrl(connectionId))).status).toBe(200);
});
