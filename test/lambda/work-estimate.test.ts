/** Work units: their prices, what frames are estimated to cost, and what they are charged. */
import { priceList } from '../../gateway/costs/price-list';
import { defaultRoute } from '../../lambda/events/web-socket/default';
import { estimateWork } from '../../lambda/publish/rates/work-estimate';
import { unitsOfMessage, workUnits } from '../../lambda/shared/work-meter';
import { parseText } from '../../protocol/index';
import { createWorld } from './world';

const estimateOf = (message: unknown): readonly number[] => {
  const text = JSON.stringify(message);
  return estimateWork(text, parseText(text));
};

test('a unit is a millionth of a dollar at the price list', () => {
  for (const name of ['message', 'readUnit', 'writeUnit'] as const)
    expect(workUnits[name]).toBeCloseTo(priceList[name].dollars * 1e6, 9);
  // Two waves of 15 ms in 512 MB.
  const run = priceList.lambdaRequest.dollars + priceList.lambdaGbSecond.dollars * 0.5 * 0.03;
  expect(workUnits.invocation).toBeCloseTo(run * 1e6, 2);
});

test('a message is billed per started 32 KB of UTF-8', () => {
  expect(unitsOfMessage('')).toBe(1);
  expect(unitsOfMessage('a'.repeat(32_768))).toBe(1);
  expect(unitsOfMessage('a'.repeat(32_769))).toBe(2);
  expect(unitsOfMessage('€'.repeat(10_923))).toBe(2);
});

test('the first frame is estimated with its text message', () => {
  const frame = { id: 'm', content: 1 };
  const [first, second] = estimateOf([frame, frame]);
  expect(first! - second!).toBeCloseTo(1.4, 9);
});

test.each([
  ['a stored message: text, ACK, two reads, a write, one receiver', { id: 'm', content: 1 }, 4.275],
  ['one of 20 KB', { id: 'm', content: 'x'.repeat(20_000) }, 1.4 + 2 + 0.25 + 20 * 0.625],
  ['an ephemeral one without an id', { content: 1, ephemeral: true }, 2.525],
  ['subscribe', { type: 'subscribe', id: 's', channel_id: 'c' }, 1.4 + 1 + 0.125 + 1.25],
  ['a frame that is refused', { id: 7 }, 2.4],
])('%s', (_title, frame, units) => {
  expect(estimateOf(frame)[0]).toBeCloseTo(units, 9);
});

// Otherwise such a frame would never be admitted: it is the least burst of a setting.
test('no frame is estimated above 100 units', () => {
  const largest = { id: 'm', content: 'x'.repeat(131_000) };
  const hello = { type: 'hello', resume: Array(100).fill({ channel_id: 'c' }) };
  for (const frame of [largest, hello]) expect(estimateOf(frame)[0]).toBeLessThan(100);
});

test('the deliveries are charged to the agent: they refuse its next message', async () => {
  const world = createWorld();
  for (let n = 0; n < 30; n++) await world.open(`c${String(n)}`);
  world.deps.rateLimits = {
    ...world.deps.rateLimits,
    agentWork: { perSecond: 10, burst: 100 },
  };
  const route = defaultRoute(world.deps);
  const send = (body: string) =>
    route({
      body,
      requestContext: {
        connectionId: 'c0',
        requestId: body,
        requestTimeEpoch: world.clock.time,
        connectedAt: world.clock.time,
        authorizer: {
          tenant: 't',
          agent: 'a',
          channel: 'c',
          grants: '{"*":["publish"]}',
          exp: '1890000000',
          level: '0',
        },
      },
    });
  for (const id of ['m1', 'm2', 'm3', 'm4']) await send(JSON.stringify({ id, content: 1 }));
  const answers = world.sockets.of('c0').filter(({ type }) => type === 'ACK' || type === 'ERROR');
  expect(answers.map(({ type }) => type)).toEqual(['ACK', 'ACK', 'ACK', 'ERROR']);
  expect(answers[3]).toMatchObject({ code: 'rate_limited', message_id: 'm4' });
  const [line] = world.log.lines.filter(({ event }) => event === 'published');
  // Text, run, ACK and thirty deliveries; the memory's store counts nothing.
  expect(line?.fields.work_units).toBe(32.4);
});
