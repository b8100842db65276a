/** The cost meter: what is billed, by the rules of AWS's price pages, and what it comes to. */
import {
  billFor,
  type Counts,
  costLine,
  countsBetween,
  messageUnits,
  noCounts,
  priceList,
} from '../../gateway';
import { itemBytes, itemWriteUnits } from '../../gateway/costs/item-units';
import { modelledMs } from '../../gateway/costs/duration-model';
import { call, connect } from './helpers/client';
import { accept } from './helpers/assembly';
import { run, type Running, stopAll } from './helpers/running';

afterAll(stopAll);

test.each([
  [0, 1],
  [1, 1],
  [32_768, 1],
  [32_769, 2],
  [131_072, 4],
])('a message of %i bytes is %i units', (bytes, units) => {
  expect(messageUnits(bytes)).toBe(units);
});

test('an item is billed by names and values, per started kilobyte', () => {
  expect(itemBytes({ ab: { S: 'äx' }, n: { N: '-12.5' }, s: { SS: ['a', 'bc'] }, b: { B: 'AAEC' } })).toBe(
    2 + 3 + (1 + 3) + (1 + 3) + (1 + 3),
  );
  expect(itemBytes({ m: { M: { a: { BOOL: true } } }, l: { L: [{ NULL: true }] } })).toBe(1 + 6 + 1 + 5);
  expect(itemWriteUnits({ k: { S: 'x'.repeat(1_023) } })).toBe(1);
  expect(itemWriteUnits({ k: { S: 'x'.repeat(1_024) } })).toBe(2);
  expect(itemWriteUnits(undefined)).toBe(1);
});

test('posts lengthen an invocation by latency while they are few, by processor time when they are many', () => {
  const ms = (posts: number, memoryMb: number): number =>
    modelledMs({ posts, postRounds: Math.min(1, posts), tableCalls: 0 }, memoryMb);
  expect(ms(0, 512)).toBe(15);
  expect(ms(1, 512)).toBeCloseTo(30 + (0.081 * 1_769) / 512);
  expect(ms(1_000, 512)).toBeCloseTo(30 + (1_000 * 0.081 * 1_769) / 512);
  expect(ms(1_000, 4_096)).toBe(30 + 81);
});

test('a publish to 10 takes the 46 ms with the own copy behind the ACK, and the 37 ms without, that were measured', () => {
  const publish = { tableCalls: 3 };
  const withEcho = modelledMs({ ...publish, posts: 11, postRounds: 2 }, 512);
  const without = modelledMs({ ...publish, posts: 10, postRounds: 1 }, 512);
  expect(Math.abs(withEcho / 46 - 1)).toBeLessThan(0.05);
  expect(Math.abs(without / 37 - 1)).toBeLessThan(0.05);
});

test('the bill is the sum of its lines; the floor is messages and minutes', () => {
  const counts: Counts = {
    ...noCounts(),
    unitsIn: 1e6,
    unitsOut: 11e6,
    bytesOut: 2e9,
    edgeBytesOut: 1e9,
    connectionMinutes: 4e6,
    edgeHandshakes: 1e6,
    readUnits: 8e6,
    writeUnits: 2e6,
    queueRequests: 1e6,
    busEvents: 3e6,
    functions: { f: { memoryMb: 1_024, requests: 1e6, posts: 0, postRounds: 0, tableCalls: 0 } },
  };
  const bill = billFor(counts);
  expect(bill.floorDollars).toBeCloseTo(12 + 1);
  expect(bill.dollars).toBeCloseTo(13 + 1 + 1.25 + 0.4 + 3 + 0.2 + 0.015 * 13.3334 + 0.1 + 1);
  expect(bill.transferDollars).toBeCloseTo(0.18 + 0.085);
  expect(bill.ratioToFloor).toBeCloseTo(bill.dollars / 13);
  expect(billFor(noCounts()).ratioToFloor).toBeUndefined();
});

test('every price says where it is from, and when', () => {
  for (const { dollars, source, asOf } of Object.values(priceList)) {
    expect(dollars).toBeGreaterThan(0);
    expect(source).toMatch(/\w/);
    expect(asOf).toMatch(/^\d{4}-\d\d-\d\d$/);
  }
});

describe('a running gateway', () => {
  let running: Running;

  beforeAll(async () => {
    // Posts what it got back to its sender, after some calls to a table.
    const code = `
      const { request } = require('node:http');
      const call = (url, headers, body) => new Promise((resolve) => {
        const scope = 'Credential=x/20260101/us-east-1/' + headers.service + '/aws4_request';
        const sent = request(url, { method: 'POST', headers: {
          authorization: 'AWS4-HMAC-SHA256 ' + scope + ', SignedHeaders=host, Signature=0', 'x-amz-date': '20260101T000000Z',
          'x-amz-security-token': process.env.AWS_SESSION_TOKEN, 'content-type': 'application/x-amz-json-1.0', ...headers,
        } }, (response) => { response.resume(); response.on('end', () => resolve(response.statusCode)); });
        sent.end(body);
      });
      const dynamo = (operation, input) => call(process.env.AWS_ENDPOINT_URL_DYNAMODB,
        { service: 'dynamodb', 'x-amz-target': 'DynamoDB_20120810.' + operation },
        JSON.stringify({ TableName: process.env.TABLE, ...input }));
      exports.handler = async (event) => {
        const { connectionId } = event.requestContext;
        const Item = { id: { S: 'a' }, text: { S: 'x'.repeat(1500) } };
        await dynamo('PutItem', { Item });
        await dynamo('PutItem', { Item, ConditionExpression: 'attribute_not_exists(id)' });
        await dynamo('GetItem', { Key: { id: { S: 'a' } } });
        await dynamo('GetItem', { Key: { id: { S: 'absent' } }, ConsistentRead: true });
        await dynamo('Query', { KeyConditionExpression: 'id = :id', ExpressionAttributeValues: { ':id': { S: 'absent' } } });
        await call(process.env.CALLBACK + '/@connections/' + encodeURIComponent(connectionId), { service: 'execute-api' }, event.body);
        return { statusCode: 200 };
      };`;
    running = await run({
      functions: {
        Connect: accept,
        Default: {
          code,
          memoryMb: 256,
          environment: {
            TABLE: { Ref: 'Table' },
            CALLBACK: {
              'Fn::Join': [
                '',
                ['https://', { Ref: 'Api' }, '.execute-api.', { Ref: 'AWS::Region' }, '.amazonaws.com/ws'],
              ],
            },
          },
        },
        Disconnect: accept,
      },
      resources: {
        Table: {
          Type: 'AWS::DynamoDB::Table',
          Properties: {
            BillingMode: 'PAY_PER_REQUEST',
            AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
            KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
          },
        },
      },
    });
  });

  test('counts messages, minutes, invocations, units and calls, and prices them', async () => {
    const { gateway, url } = running;
    const before = gateway.costs().counts;
    const client = await connect(url);
    client.send({ text: 'x'.repeat(20_000) });
    await client.next();
    await gateway.clock.advance(90_000);
    client.socket.close();
    await client.closed;
    await gateway.clock.advance(1);

    const counts = countsBetween(before, gateway.costs().counts);
    expect(counts).toMatchObject({ messagesIn: 1, unitsIn: 1, messagesOut: 1, unitsOut: 1, handshakes: 1 });
    expect(counts.bytesOut).toBe(20_011);
    expect(counts.connectionMinutes).toBeCloseTo(1.5, 1);
    expect(counts.calls).toEqual({
      'dynamodb:PutItem': 2,
      'dynamodb:GetItem': 2,
      'dynamodb:Query': 1,
      'execute-api:POST': 1,
    });
    expect(counts).toMatchObject({ writeUnits: 4, readUnits: 0.5 + 1 + 0.5 });
    expect(counts.functions['Test-Default']).toEqual({
      memoryMb: 256,
      requests: 1,
      posts: 1,
      postRounds: 1,
      tableCalls: 5,
    });
    expect(counts.functions['Test-Connect']).toMatchObject({ requests: 1, posts: 0 });
  });

  test('says so at /_gateway/costs and in a line', async () => {
    const { gateway } = running;
    const answer = await call('GET', `http://127.0.0.1:${gateway.port}/_gateway/costs`, {});
    const report = JSON.parse(answer.body) as ReturnType<typeof gateway.costs>;
    expect(report).toEqual(JSON.parse(JSON.stringify(gateway.costs())));
    expect(report.prices).toEqual(priceList);
    expect(costLine(gateway.costs())).toMatch(
      /^On AWS this would have cost about \$[\d.e-]+ \(1 messages in, 1 out,/,
    );
  });
});
