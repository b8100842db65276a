/** The signatures of calls to DynamoDB, as the service checks them: from the headers and the body that arrived. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { SignatureV4 } from '@smithy/signature-v4';
import { TableSigner } from '../../lambda/aws/dynamo/table-signer';
import { Sha256 } from '../helpers/sha256';

const region = 'eu-central-1';
const secrets = { AWS_ACCESS_KEY_ID: 'AKID', AWS_SECRET_ACCESS_KEY: 'secret', AWS_SESSION_TOKEN: 'session' };

interface Arrived {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const arrived: Arrived[] = [];
/** Statuses of the next answers; then 200. */
const statuses: number[] = [];
const server = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => (body += chunk.toString()));
  request.on('end', () => {
    arrived.push({ headers: request.headers, body });
    response.writeHead(statuses.shift() ?? 200, { 'content-type': 'application/x-amz-json-1.0' }).end('{}');
  });
});
let client: DynamoDBDocumentClient;

beforeAll(async () => {
  Object.assign(process.env, secrets);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  client = DynamoDBDocumentClient.from(
    new DynamoDBClient({ region, endpoint, credentials: credentials(), signer: new TableSigner(region) }),
  );
});
afterAll(() => {
  client.destroy();
  server.closeAllConnections();
  server.close();
  for (const name of Object.keys(secrets)) Reflect.deleteProperty(process.env, name);
});
beforeEach(() => arrived.splice(0));

function credentials() {
  return {
    accessKeyId: process.env.AWS_ACCESS_KEY_ID ?? '',
    secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY ?? '',
    sessionToken: process.env.AWS_SESSION_TOKEN ?? '',
  };
}

const signedNames = ({ headers }: Arrived): string[] =>
  /SignedHeaders=([^,]+)/.exec(String(headers.authorization))?.[1]?.split(';') ?? [];

/** What the service makes of the headers that the signature names. */
async function expectedAuthorization(request: Arrived): Promise<string | undefined> {
  const date = String(request.headers['x-amz-date']);
  const signingDate = date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)/, '$1-$2-$3T$4:$5:');
  const reference = new SignatureV4({
    service: 'dynamodb',
    region,
    sha256: Sha256,
    credentials: credentials(),
  });
  const headers = Object.fromEntries(
    signedNames(request).map((name) => [name, String(request.headers[name])]),
  );
  const url = { protocol: 'http:', hostname: '127.0.0.1', path: '/', query: {} };
  const signed = await reference.sign(
    { method: 'POST', ...url, headers, body: request.body },
    { signingDate: new Date(signingDate) },
  );
  return signed.headers.authorization;
}

test('each operation has a signature that the service computes too, over all headers that it must cover', async () => {
  await client.send(new GetCommand({ TableName: 't', Key: { id: 'ü' } }));
  await client.send(new PutCommand({ TableName: 't', Item: { id: 'ü', n: 1 } }));
  expect(arrived.map(({ headers }) => headers['x-amz-target'])).toEqual([
    'DynamoDB_20120810.GetItem',
    'DynamoDB_20120810.PutItem',
  ]);
  for (const request of arrived) {
    expect(request.headers.authorization).toBe(await expectedAuthorization(request));
    const named = new Set([
      'host',
      ...Object.keys(request.headers).filter((name) => name.startsWith('x-amz-')),
    ]);
    expect(signedNames(request)).toEqual(expect.arrayContaining([...named]));
    expect(request.headers['x-amz-security-token']).toBe('session');
  }
});

test('a second attempt is signed again, and new credentials count from the next call on', async () => {
  statuses.push(500);
  await client.send(new GetCommand({ TableName: 't', Key: { id: 'a' } }));
  expect(arrived[1]?.headers.authorization).toBe(await expectedAuthorization(arrived[1]!));
  process.env.AWS_SECRET_ACCESS_KEY = 'rotated';
  await client.send(new GetCommand({ TableName: 't', Key: { id: 'b' } }));
  expect(arrived).toHaveLength(3);
  expect(arrived[2]?.headers.authorization).toBe(await expectedAuthorization(arrived[2]!));
});
