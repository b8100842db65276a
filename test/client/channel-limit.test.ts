/**
 * A connection holds 100 channels: what one more means for the calls, and for the channels that are there.
 */
import type { PubSub, Subscription } from '../../clients/javascript/index';
import { limits } from '../../protocol/limits';
import { FakeBus } from '../helpers/fake-bus';

let bus: FakeBus;
let client: PubSub;
let received: string[];

beforeEach(() => {
  bus = new FakeBus();
  client = bus.client('many');
  received = [];
});

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `channel-${index}`);

const follow = (name: string): Promise<Subscription> =>
  client.channel(name).subscribe(({ content }) => received.push(`${name} ${String(content)}`));

/** Publishes to each channel. Gives what was received. */
async function receivedOf(channels: readonly string[]): Promise<string[]> {
  received = [];
  for (const name of channels) bus.server.publish(name, 'hello');
  await bus.timers.advance(100);
  return received;
}

const each = (channels: readonly string[]): string[] => channels.map((name) => `${name} hello`);

const refused = { code: 'limit_exceeded', message: `${limits.channels} channels` };

test('the 101st subscribe rejects with limit_exceeded; the others go on, also after a reconnect', async () => {
  expect(limits.channels).toBe(100);
  const channels = names(100);
  await bus.during(client.connect());
  const [left] = await bus.during(Promise.all(channels.map(follow)));
  await expect(bus.during(follow('one-more'))).rejects.toMatchObject(refused);
  expect(await receivedOf(channels)).toEqual(each(channels));

  bus.server.cut(bus.socketOf('many'));
  await bus.timers.advance(5_000);
  expect(await receivedOf(channels)).toEqual(each(channels));
  await expect(bus.during(follow('one-more'))).rejects.toMatchObject(refused);

  left?.unsubscribe();
  await bus.during(follow('one-more'));
  expect(await receivedOf(['one-more'])).toEqual(each(['one-more']));
});

test('of 101 channels that open the connection, 100 are subscribed and one rejects', async () => {
  const outcomes = await bus.during(Promise.allSettled(names(101).map(follow)));
  const reasons = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [outcome.reason as unknown] : [],
  );
  expect(reasons).toMatchObject([refused]);
  const channels = names(101).filter((_, index) => outcomes[index]?.status === 'fulfilled');
  expect(await receivedOf(names(101))).toEqual(each(channels));
});
