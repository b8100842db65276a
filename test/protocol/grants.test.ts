/** What a `channels` claim allows. */
import fc from 'fast-check';
import {
  allChannels,
  type Grants,
  isGranted,
  mayAdvertise,
  mayManageTenant,
  mayMessage,
  parseGrants,
} from '../../protocol/index';

const claimed = (claims: { channels?: unknown; agents?: unknown; role?: unknown }): Grants => {
  const { channels, agents, role } = claims;
  const parsed = parseGrants({ channels, agents, role }, allChannels);
  if (typeof parsed === 'string') throw new Error(`refused for ${parsed}`);
  return parsed;
};
const grants = (channels: unknown): Grants => claimed({ channels });

test('a name grants itself, a prefix what begins with it, for every operation', () => {
  const list = grants(['a', 'b.*']);
  expect(isGranted(list, 'a', 'publish')).toBe(true);
  expect(isGranted(list, 'a.1', 'publish')).toBe(false);
  expect(isGranted(list, 'b.', 'history')).toBe(true);
  expect(isGranted(list, 'b.x.y', 'subscribe')).toBe(true);
  expect(isGranted(list, 'b', 'subscribe')).toBe(false);
});

test('a map grants only what it lists', () => {
  const map = grants({ a: ['publish'], 'a*': ['subscribe'], z: [] });
  expect(isGranted(map, 'a', 'publish')).toBe(true);
  expect(isGranted(map, 'a', 'subscribe')).toBe(true);
  expect(isGranted(map, 'ab', 'publish')).toBe(false);
  expect(isGranted(map, 'z', 'publish')).toBe(false);
});

test('reserved channels go by their exact names', () => {
  expect(isGranted(grants(['*']), '$presence', 'presence')).toBe(false);
  expect(isGranted(grants(['$presence']), '$presence', 'presence')).toBe(true);
  expect(isGranted(claimed({}), '$presence', 'subscribe')).toBe(true);
  expect(isGranted(claimed({}), '$inbox', 'subscribe')).toBe(false);
});

test.each([null, 7, '*', [7], ['a b'], ['a**'], ['*a'], ['$*'], [''], { a: 'publish' }, { a: ['admin'] }])(
  'refuses the claim %j',
  (claim) => {
    expect(parseGrants({ channels: claim, agents: undefined, role: undefined }, allChannels)).toBe(
      'channels',
    );
  },
);

test('agents are named by their ids and by prefixes', () => {
  const some = claimed({ agents: ['planner', 'worker-*', 'team/*', '*odd'] });
  for (const agent of ['planner', 'worker-', 'worker-1', 'team/a', '*odd'])
    expect(mayMessage(some, agent)).toBe(true);
  for (const agent of ['planner-2', 'worker', 'Worker-1', 'odd']) expect(mayMessage(some, agent)).toBe(false);
  expect(mayMessage(claimed({ agents: [] }), 'planner')).toBe(false);
  expect(mayMessage(claimed({ agents: ['*'] }), 'anybody')).toBe(true);
  expect(mayMessage(claimed({}), 'anybody')).toBe(true);
});

test.each([null, 'planner', {}, [7], [''], ['a\nb'], ['a'.repeat(129)], [`${'a'.repeat(129)}*`]])(
  'refuses the agents %j',
  (agents) => {
    expect(parseGrants({ channels: undefined, agents, role: undefined }, allChannels)).toBe('agents');
  },
);

test.each([null, '', 'admin', 'Observer', ['observer'], true])('refuses the role %j', (role) => {
  expect(parseGrants({ channels: undefined, agents: undefined, role }, allChannels)).toBe('role');
});

test('capabilities are limited only where a map lists the operation', () => {
  expect(mayAdvertise(claimed({}), ['anything'])).toBe(true);
  expect(mayAdvertise(grants(['orders']), ['anything'])).toBe(true);
  expect(mayAdvertise(grants({ orders: ['publish'] }), ['anything'])).toBe(true);
  const some = grants({ orders: ['publish'], 'translate.*': ['advertise'], sum: ['advertise'] });
  expect(mayAdvertise(some, ['translate.de', 'sum'])).toBe(true);
  expect(mayAdvertise(some, [])).toBe(true);
  expect(mayAdvertise(some, ['sum', 'orders'])).toBe(false);
});

test('an observer writes nothing, and reads what its channels grant', () => {
  const observer = claimed({ role: 'observer', channels: ['a'], agents: ['*'] });
  expect(isGranted(observer, 'a', 'publish')).toBe(false);
  expect(isGranted(observer, 'a', 'subscribe')).toBe(true);
  expect(isGranted(observer, 'a', 'history')).toBe(true);
  expect(isGranted(observer, 'b', 'history')).toBe(false);
  expect(mayMessage(observer, 'anybody')).toBe(false);
  expect(mayAdvertise(observer, [])).toBe(false);
});

test('only a service manages its tenant', () => {
  expect(
    [{}, { role: 'observer' }, { role: 'service' }].map((claims) => mayManageTenant(claimed(claims))),
  ).toEqual([false, false, true]);
});

test('no list grants a channel that none of its patterns begins', () => {
  const name = fc.stringMatching(/^[a-c._]{1,4}$/);
  const pattern = fc.tuple(name, fc.boolean()).map(([text, isPrefix]) => (isPrefix ? `${text}*` : text));
  fc.assert(
    fc.property(fc.array(pattern, { maxLength: 4 }), name, (patterns, channel) => {
      const expected = patterns.some((p) =>
        p.endsWith('*') ? channel.startsWith(p.slice(0, -1)) : p === channel,
      );
      expect(isGranted(grants(patterns), channel, 'publish')).toBe(expected);
    }),
    { numRuns: 5_000 },
  );
});
