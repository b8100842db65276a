/**
 * Ten minutes of silence, two hours of life, and schedules: all on the clock that tests move.
 * No test here waits for time to pass.
 */
import type { GatewayOptions } from '../../gateway';
import { Clock } from '../../gateway/clock';
import { accept, recording } from './helpers/assembly';
import { call, connect, type TestClient } from './helpers/client';
import { type Running, run, stopAll } from './helpers/running';

afterEach(stopAll);

async function connected(
  fixture = {},
  options: Partial<GatewayOptions> = {},
): Promise<Running & { client: TestClient; connectionId: string }> {
  const functions = { Connect: accept, Default: recording(), Disconnect: recording() };
  const running = await run({ functions, ...fixture }, options);
  const client = await connect(running.url);
  const { connectionId } = running.gateway.connections()[0]!;
  return { ...running, client, connectionId };
}

const isOpen = ({ gateway }: Running): boolean => gateway.connections().length === 1;
const goingAway = { disconnectStatusCode: 1001, disconnectReason: 'Going away' };

test('GW-52 GW-55 600 seconds without a message close 1001', async () => {
  const running = await connected();
  await running.gateway.clock.advance(599_000);
  expect(isOpen(running)).toBe(true);
  await running.gateway.clock.advance(1_000);
  expect(await running.client.closed).toEqual({ code: 1001, reason: 'Going away' });
  expect((await running.recorder.event('Disconnect')).requestContext).toMatchObject(goingAway);
});

test('GW-53 a text of the client resets the timer, and so does a successful POST', async () => {
  const running = await connected();
  const { gateway, client, recorder } = running;
  await gateway.clock.advance(599_000);
  client.send('still here');
  await recorder.event('Default');
  await gateway.clock.advance(599_000);
  expect(isOpen(running)).toBe(true);
  await call('POST', running.connectionUrl(running.connectionId), { body: 'hello' });
  await gateway.clock.advance(599_000);
  expect(isOpen(running)).toBe(true);
  await gateway.clock.advance(1_000);
  expect((await client.closed).code).toBe(1001);
});

test('GW-51 pings do not reset the timer', async () => {
  const { gateway, client } = await connected();
  await gateway.clock.advance(599_000);
  const pong = new Promise((resolve) => client.socket.once('pong', resolve));
  client.socket.ping();
  await pong;
  await gateway.clock.advance(1_000);
  expect((await client.closed).code).toBe(1001);
});

test('GW-51 a switch makes pings reset the timer', async () => {
  const { gateway, client } = await connected({}, { unverified: { pingsKeepAlive: true } });
  await gateway.clock.advance(599_000);
  const pong = new Promise((resolve) => client.socket.once('pong', resolve));
  client.socket.ping();
  await pong;
  await gateway.clock.advance(599_000);
  expect(gateway.connections()).toHaveLength(1);
  await gateway.clock.advance(1_000);
  expect((await client.closed).code).toBe(1001);
});

test('GW-54 after 7,200 seconds the connection ends, busy or not', async () => {
  const running = await connected();
  const { gateway, client, recorder } = running;
  for (let elapsed = 500_000; elapsed < 7_200_000; elapsed += 500_000) {
    await gateway.clock.advance(500_000);
    await call('POST', running.connectionUrl(running.connectionId), { body: 'tick' });
  }
  await gateway.clock.advance(199_000);
  expect(isOpen(running)).toBe(true);
  await gateway.clock.advance(1_000);
  expect(await client.closed).toEqual({ code: 1001, reason: 'Going away' });
  expect((await recorder.event('Disconnect')).requestContext).toMatchObject(goingAway);
});

test('GW-77 the edge cuts a connection over which the API sends nothing for ten minutes', async () => {
  const edge = "function handler(event) { event.request.uri = '/ws'; return event.request; }";
  const running = await run({
    functions: { Connect: accept, Default: recording(), Disconnect: recording() },
    edge,
  });
  const client = await connect(`${String(running.gateway.urls.edge)}/ws`);
  await running.gateway.clock.advance(300_000);
  client.send('one way only');
  await running.recorder.event('Default');
  await running.gateway.clock.advance(300_000);
  expect((await client.closed).code).toBe(1006);
  expect((await running.recorder.event('Disconnect')).requestContext.disconnectStatusCode).toBe(1006);
});

test('functions see the moved time', async () => {
  const { client, gateway, recorder } = await connected({
    functions: {
      Connect: accept,
      Default: `exports.handler = async () => {
        const asText = Date.parse(Date()) - Math.floor(Date.now() / 1000) * 1000;
        console.log(JSON.stringify({
          now: Date.now(), made: new Date().getTime(), asText, fixed: new Date(5).getTime(),
          isDate: new Date() instanceof Date, isSame: new Date().constructor === Date,
        }));
        return { statusCode: 200 };
      };`,
    },
  });
  await gateway.clock.advance(500_000);
  client.send('time?');
  const seen = await recorder.event('Default');
  expect(seen).toMatchObject({ fixed: 5, isDate: true, isSame: true });
  expect(Math.abs(Number(seen.asText))).toBeLessThanOrEqual(1000);
  for (const value of [seen.now, seen.made])
    expect(Math.abs(Number(value) - gateway.clock.now())).toBeLessThan(2_000);
  expect(gateway.clock.now() - Date.now()).toBeGreaterThan(499_000);
});

test('a schedule runs after each period, on the moved clock', async () => {
  const { gateway, recorder } = await run({
    functions: { Sweep: recording() },
    resources: {
      Rule: {
        Type: 'AWS::Events::Rule',
        Properties: {
          ScheduleExpression: 'rate(5 minutes)',
          State: 'ENABLED',
          Targets: [{ Id: 'Target', Arn: { 'Fn::GetAtt': ['Sweep', 'Arn'] } }],
        },
      },
      Cron: {
        Type: 'AWS::Events::Rule',
        Properties: {
          ScheduleExpression: 'cron(0 12 * * ? *)',
          Targets: [{ Id: 'Target', Arn: { 'Fn::GetAtt': ['Sweep', 'Arn'] } }],
        },
      },
      Schedule: {
        Type: 'AWS::Scheduler::Schedule',
        Properties: {
          ScheduleExpression: 'rate(1 hour)',
          Target: { Arn: { 'Fn::GetAtt': ['Sweep', 'Arn'] }, Input: '{"hourly":true}' },
        },
      },
    },
  });
  await gateway.clock.advance(299_000);
  expect(recorder.events('Sweep')).toEqual([]);
  await gateway.clock.advance(601_000);
  expect(recorder.events('Sweep')).toHaveLength(3);
  expect(recorder.events('Sweep')[0]).toMatchObject({
    source: 'aws.events',
    'detail-type': 'Scheduled Event',
  });
  await gateway.clock.advance(2_700_000);
  expect(recorder.events('Sweep').filter((event) => event.hourly === true)).toHaveLength(1);
  await recorder.line('supports only rate(…), not cron(0 12 * * ? *)');
});

test('a schedule runs at once when asked to, by its name', async () => {
  const { gateway, recorder } = await run({
    functions: { Sweep: recording() },
    resources: {
      Rule: {
        Type: 'AWS::Events::Rule',
        Properties: {
          ScheduleExpression: 'rate(5 minutes)',
          Targets: [{ Id: 'Target', Arn: { 'Fn::GetAtt': ['Sweep', 'Arn'] } }],
        },
      },
    },
  });
  const page = `http://127.0.0.1:${gateway.port}/_gateway/schedules`;
  const { schedules } = (await (await fetch(page)).json()) as { schedules: { name: string }[] };
  const [{ name }] = schedules as [{ name: string }];
  expect(schedules).toEqual([
    { name, expression: 'rate(5 minutes)', function: gateway.schedules[0]!.function },
  ]);

  expect((await fetch(`${page}/${encodeURIComponent(name)}`, { method: 'POST' })).status).toBe(200);

  expect(recorder.events('Sweep')).toMatchObject([
    {
      version: '0',
      source: 'aws.events',
      'detail-type': 'Scheduled Event',
      time: expect.stringMatching(/^[-\d]+T[:\d]+Z$/) as unknown,
      resources: [expect.stringMatching(/^arn:aws:events:[^:]+:\d{12}:rule\//) as unknown],
      detail: {},
    },
  ]);
  expect((await fetch(`${page}/${encodeURIComponent(name)}`)).status).toBe(405);
  expect((await fetch(page, { method: 'POST' })).status).toBe(405);
  expect((await fetch(`${page}/nobody`, { method: 'POST' })).status).toBe(404);
  await gateway.clock.advance(300_000);
  expect(recorder.events('Sweep')).toHaveLength(2);
});

test('the clock fires due timers in order, at their own time, and forgets cancelled ones', async () => {
  const clock = new Clock();
  const start = clock.now();
  const fired: [string, number][] = [];
  const note = (name: string) => (): void => {
    fired.push([name, Math.round((clock.now() - start) / 1000)]);
  };
  clock.after(30_000, note('third'));
  clock.after(10_000, () => {
    note('first')();
    clock.after(10_000, note('second'));
  });
  clock.after(15_000, note('never')).cancel();
  clock.after(90_000, note('later'));
  await Promise.all([clock.advance(25_000), clock.advance(25_000)]);
  expect(fired).toEqual([
    ['first', 10],
    ['second', 20],
    ['third', 30],
  ]);
  clock.stop();
});

test('the clock rings by itself as well', async () => {
  const clock = new Clock();
  await new Promise<void>((resolve) => {
    clock.after(60_000, () => undefined);
    clock.after(5, resolve);
  });
  clock.stop();
});
