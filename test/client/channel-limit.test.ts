/**
 * A connection holds 100 channels: what one more means for the calls and for the channels that are there, on the laptop gateway.
 */
import { PubSub, type Subscription } from '../../clients/javascript/index';
import { limits } from '../../protocol/limits';
import { Bus, fresh } from '../helpers/bus';
import { CuttableWebSocket } from '../helpers/cuttable-web-socket';
import { eventually } from '../helpers/eventually';

jest.setTimeout(60_000);

let bus: Bus;
let sockets: CuttableWebSocket;
let client: PubSub;
let heard: Map<string, unknown[]>;

beforeAll(async () => {
  bus = await Bus.start();
}, 120_000);

beforeEach(() => {
  sockets = new CuttableWebSocket();
  heard = new Map();
  const who = { tenant: fresh('t'), agent: 'many' };
  const { WebSocket } = sockets;
  client = new PubSub({
    url: bus.baseUrls.edge,
    token: () => bus.token(who),
    WebSocket,
    backoff: { baseMs: 50 },
  });
});

afterEach(() => client.close());

afterAll(() => bus.stop());

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `channel-${index}`);

const follow = (name: string): Promise<Subscription> =>
  client.channel(name).subscribe(({ content }) => heard.set(name, [...(heard.get(name) ?? []), content]));

/** Some of the channels: a message to each of a hundred at once would meet the limit of rate, which is not the matter here. */
const someOf = (channels: readonly string[]): string[] => channels.filter((_, index) => index % 33 === 0);

async function publishToEach(channels: readonly string[], content: string): Promise<void> {
  for (const name of channels) await client.channel(name).publish(content);
}

const haveHeard = (channels: readonly string[], ...contents: string[]): Promise<unknown> =>
  eventually(
    () => channels.map((name) => heard.get(name) ?? []),
    (each) => each.every((list) => JSON.stringify(list) === JSON.stringify(contents)),
  );

const refused = { code: 'limit_exceeded', message: expect.stringContaining(`${limits.channels} channels`) };

test('the 101st subscribe rejects with limit_exceeded and names the limit; the others live on, also after a reconnect', async () => {
  expect(limits.channels).toBe(100);
  const channels = names(100);
  const [left] = await Promise.all(channels.map(follow));
  await expect(follow('one-more')).rejects.toMatchObject(refused);
  await publishToEach(someOf(channels), 'before');
  await haveHeard(someOf(channels), 'before');

  const dropped = new Promise((resolve) => client.on('retrying', resolve));
  sockets.cut();
  await dropped;
  await client.connect();
  await publishToEach(someOf(channels), 'after');
  await haveHeard(someOf(channels), 'before', 'after');
  await expect(follow('one-more')).rejects.toMatchObject(refused);

  // One that is left makes a place.
  left?.unsubscribe();
  await follow('one-more');
  await publishToEach(['one-more'], 'hello');
  await haveHeard(['one-more'], 'hello');
});

test('of 101 channels that open the connection, 100 are subscribed and one rejects', async () => {
  const outcomes = await Promise.allSettled(names(101).map(follow));
  const reasons = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [outcome.reason as unknown] : [],
  );
  expect(reasons).toMatchObject([refused]);
  const channels = names(101).filter((_, index) => outcomes[index]?.status === 'fulfilled');
  await publishToEach(someOf(channels), 'hello');
  await haveHeard(someOf(channels), 'hello');
});
