/**
 * Starting and stopping: keys, tables, ports, several gateways at once, a thousand clients.
 * Nothing may stay behind, and mistakes of the user come with a hint.
 */
import { createServer } from 'node:net';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateKeyPairSync } from 'node:crypto';
import { CreateTableCommand, DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { GatewayError, loadOrCreateKey, startGateway } from '../../gateway';
import { accept, type Fixture, recording, temporaryFolder, writeAssembly } from './helpers/assembly';
import { call, connect, handshakeStatus } from './helpers/client';
import { run, stopAll } from './helpers/running';

afterEach(stopAll);

const table = (hash = 'id'): Fixture => ({
  functions: { Connect: accept },
  resources: {
    Things: {
      Type: 'AWS::DynamoDB::Table',
      Properties: {
        KeySchema: [{ AttributeName: hash, KeyType: 'HASH' }],
        AttributeDefinitions: [
          { AttributeName: hash, AttributeType: 'S' },
          { AttributeName: 'owner', AttributeType: 'S' },
        ],
        GlobalSecondaryIndexes: [
          {
            IndexName: 'by-owner',
            KeySchema: [{ AttributeName: 'owner', KeyType: 'HASH' }],
            Projection: { ProjectionType: 'ALL' },
            ContributorInsightsSpecification: { Enabled: true },
          },
        ],
        TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
      },
    },
  },
});

function dynamo(endpoint: string): DynamoDBClient {
  // Functions use these credentials; an engine may keep one database per access key.
  const credentials = { accessKeyId: 'LAPTOPGATEWAY', secretAccessKey: 'laptop' };
  return new DynamoDBClient({ endpoint, region: 'us-east-1', credentials });
}

const mistake = (work: Promise<unknown>): Promise<GatewayError> =>
  work.then(
    () => {
      throw new Error('it started');
    },
    (error: unknown) => {
      expect(error).toBeInstanceOf(GatewayError);
      return error as GatewayError;
    },
  );

describe('the key file', () => {
  test('is made once, for its owner only, and found again', () => {
    const file = join(temporaryFolder(), 'deep', 'key.pem');
    const key = loadOrCreateKey(file);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(file, '..'))).toEqual(['key.pem']);
    expect(loadOrCreateKey(file).equals(key)).toBe(true);
    expect(key.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
  });

  test.each([
    ['is no key', 'hello', 'cannot be read'],
    [
      'holds another kind of key',
      generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }),
      'is not a P-256 key',
    ],
  ])('that %s is a mistake with a hint', (_, text, message) => {
    const file = join(temporaryFolder(), 'key.pem');
    writeFileSync(file, text);
    expect(() => loadOrCreateKey(file)).toThrow(message);
  });
});

describe('tables', () => {
  test('come from the template, and a data folder keeps what is in them', async () => {
    const dataDirectory = join(temporaryFolder(), 'data');
    const first = await run(table(), { dataDirectory });
    expect(first.gateway.tables).toEqual({ Things: 'Test-Things' });
    const client = dynamo(first.gateway.endpoints.dynamodb);
    await client.send(
      new PutItemCommand({ TableName: 'Test-Things', Item: { id: { S: 'a' }, owner: { S: 'b' } } }),
    );
    client.destroy();
    await first.gateway.stop();
    const second = await run(table(), { dataDirectory });
    const again = dynamo(second.gateway.endpoints.dynamodb);
    const found = await again.send(new GetItemCommand({ TableName: 'Test-Things', Key: { id: { S: 'a' } } }));
    expect(found.Item).toEqual({ id: { S: 'a' }, owner: { S: 'b' } });
    again.destroy();
  });

  test('of another stack in a kept folder, and a folder in use, are mistakes with a hint', async () => {
    const dataDirectory = join(temporaryFolder(), 'data');
    const first = await run(table(), { dataDirectory });
    const inUse = await mistake(run(table(), { dataDirectory }));
    expect(inUse.hint).toContain('another folder');
    await first.gateway.stop();
    const other = await mistake(run(table('other'), { dataDirectory }));
    expect(other.message).toBe("The table Test-Things exists with another key than the stack's.");
  });

  test('are made at another endpoint when one is given', async () => {
    const engine = await run({});
    const dynamodbEndpoint = engine.gateway.endpoints.dynamodb;
    const { gateway } = await run(table(), { dynamodbEndpoint });
    expect(gateway.endpoints.dynamodb).toBe(dynamodbEndpoint);
    const client = dynamo(dynamodbEndpoint);
    const again = new CreateTableCommand({
      TableName: 'Test-Things',
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      BillingMode: 'PAY_PER_REQUEST',
    });
    await expect(client.send(again)).rejects.toMatchObject({ name: 'ResourceInUseException' });
    client.destroy();
    const error = await mistake(run(table(), { dynamodbEndpoint: 'http://127.0.0.1:1' }));
    expect(error.hint).toContain('endpoint');
  });

  test('survive a client that goes away in the middle of a request', async () => {
    const { gateway } = await run({});
    const { port } = new URL(gateway.endpoints.dynamodb);
    const { connect: connectTcp } = await import('node:net');
    await new Promise((resolve) => {
      const socket = connectTcp(Number(port), '127.0.0.1', () => {
        socket.write('POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\nhalf', () =>
          socket.resetAndDestroy(),
        );
      });
      socket.once('close', resolve);
    });
    expect((await call('GET', gateway.endpoints.dynamodb)).status).toBe(200);
  });
});

describe('the port', () => {
  test('in use is a mistake with a hint, and leaves nothing behind', async () => {
    const blocker = createServer();
    const port = await new Promise<number>((resolve) => {
      blocker.listen(0, '127.0.0.1', () => {
        resolve((blocker.address() as { port: number }).port);
      });
    });
    const error = await mistake(run({}, { port }));
    expect(error.message).toBe(`Port ${port} on 127.0.0.1 is already in use.`);
    expect(error.hint).toContain('another port');
    await new Promise((resolve) => blocker.close(resolve));
    const { gateway } = await run({}, { port });
    expect(gateway.port).toBe(port);
  });

  test('tells when the gateway is ready, and where everything is', async () => {
    const { gateway } = await run({
      functions: { Connect: accept },
      edge: 'function handler(e) { return e.request; }',
    });
    const answer = await call('GET', gateway.urls.ready, { service: null });
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body)).toMatchObject({
      status: 'ready',
      stage: 'ws',
      urls: {
        base: `ws://127.0.0.1:${gateway.port}`,
        edge: `ws://127.0.0.1:${gateway.port}/v1`,
        ready: gateway.urls.ready,
      },
    });
  });
});

test('two gateways in one process know nothing of each other', async () => {
  const fixture = { functions: { Connect: recording() } };
  const [one, two] = await Promise.all([run(fixture), run(fixture)]);
  await one.gateway.clock.advance(60_000);
  await connect(one.url);
  expect([one.gateway.connections().length, two.gateway.connections().length]).toEqual([1, 0]);
  expect(one.gateway.clock.now() - two.gateway.clock.now()).toBeGreaterThan(59_000);
  expect(two.recorder.entries).toEqual([]);
  await one.gateway.stop();
  expect(await handshakeStatus(two.url)).toBe(101);
});

test('stop ends sockets, pending handshakes and running functions, and may be called twice', async () => {
  const { gateway, url, recorder } = await run({
    functions: {
      Connect: `exports.handler = async (event) => {
        if (event.queryStringParameters) { console.log('pending'); await new Promise((end) => setTimeout(end, 4000)); }
        return { statusCode: 200 };
      };`,
      Default: "exports.handler = () => { console.log('begun'); for (;;); };",
      Disconnect: recording(),
    },
  });
  const client = await connect(url);
  client.send('hang');
  const pending = expect(connect(`${url}?slow`)).rejects.toThrow('socket hang up');
  await Promise.all([recorder.line('begun'), recorder.line('pending')]);
  await Promise.all([gateway.stop(), gateway.stop()]);
  await pending;
  expect((await client.closed).code).toBe(1006);
  await expect(connect(url)).rejects.toThrow('ECONNREFUSED');
  expect(recorder.events('Disconnect')).toEqual([]);
});

test('stop leaves no thread behind, not even that of a function first wanted by the end of a connection', async () => {
  const threads = (): number =>
    process.getActiveResourcesInfo().filter((name) => name === 'MessagePort').length;
  const before = threads();
  const { gateway, url } = await run({ functions: { Connect: accept, Disconnect: recording() } });
  const client = await connect(url);
  expect(threads()).toBeGreaterThan(before);
  await gateway.stop();
  await client.closed;
  expect(threads()).toBe(before);
});

test('a message that goes to a thousand clients arrives at all of them', async () => {
  const { gateway, url } = await run(
    {
      functions: {
        Connect: accept,
        Default: {
          timeoutSeconds: 30,
          code: `
            const http = require('node:http');
            const agent = new http.Agent({ keepAlive: true, maxSockets: 100 });
            const Authorization = 'AWS4-HMAC-SHA256 Credential=K/20260101/us-east-1/execute-api/aws4_request';
            const post = (url) => new Promise((resolve, reject) => {
              const request = http.request(url, { method: 'POST', agent, headers: { Authorization } }, (response) => {
                response.resume().on('end', () => resolve(response.statusCode));
              });
              request.on('error', reject).end('news');
            });
            exports.handler = async (event) => {
              const { domainName, stage } = event.requestContext;
              const base = 'http://' + domainName + '/' + stage + '/@connections/';
              await Promise.all(JSON.parse(event.body).map((id) => post(base + encodeURIComponent(id))));
              return { statusCode: 200 };
            };`,
        },
      },
    },
    { connectionsPerSecond: 10_000 },
  );
  const clients = await Promise.all(Array.from({ length: 1_000 }, () => connect(url)));
  const ids = gateway.connections().map(({ connectionId }) => connectionId);
  expect(ids).toHaveLength(1_000);
  const [sender] = clients;
  for (const part of [ids.slice(0, 500), ids.slice(500)]) sender!.send(JSON.stringify(part));
  expect(new Set(await Promise.all(clients.map((client) => client.next())))).toEqual(new Set(['news']));
});

test('an assembly that is not there, a missing asset and a broken template are mistakes with a hint', async () => {
  const keyFile = join(temporaryFolder(), 'key.pem');
  const nowhere = await mistake(startGateway({ assembly: '/nonexistent', keyFile }));
  expect(nowhere.hint).toContain('cdk synth');
  const assembly = writeAssembly({ functions: { Connect: accept } });
  const missing = await mistake(startGateway({ assembly, keyFile, stack: 'Other' }));
  expect(missing.hint).toBe('Select one of its stacks: Test.');
  writeFileSync(join(assembly, 'Test.template.json'), '{');
  expect((await mistake(startGateway({ assembly, keyFile }))).message).toContain('is not JSON');
});
