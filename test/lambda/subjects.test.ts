/** Keys are injective: no two tuples of ids share one, however hostile they are. */
import fc from 'fast-check';
import { sized } from '../helpers/long';
import {
  agentRateSubject,
  channelSubject,
  connectionSubject,
  inboxSubject,
  parseSubject,
  sweepSubject,
  tenantRateSubject,
} from '../../lambda/shared/subjects';

const id = fc.oneof(
  fc.string({ minLength: 1, maxLength: 12 }),
  fc.stringMatching(/^[/%2Fchanelboxtrg]{1,14}$/),
  fc.constantFrom(
    'a/channel/b',
    'a%2Fchannel',
    '%',
    '%2F',
    '%25',
    '%252F',
    '/',
    '//',
    'channel',
    'connection',
    'rate',
    'tenant',
    'agent',
    'rate/agent',
    'rate/tenant',
    't/rate/agent',
  ),
);
const key = fc.oneof(
  fc
    .tuple(fc.constant('channel'), id, id)
    .map(([kind, a, b]) => ({ ids: [kind, a, b], key: channelSubject(a, b) })),
  fc
    .tuple(fc.constant('inbox'), id, id)
    .map(([kind, a, b]) => ({ ids: [kind, a, b], key: inboxSubject(a, b) })),
  fc.tuple(id, id).map(([a, b]) => ({ ids: ['agent rate', a, b], key: agentRateSubject(a, b) })),
  id.map((a) => ({ ids: ['tenant rate', a], key: tenantRateSubject(a) })),
  id.map((a) => ({ ids: ['connection', a], key: connectionSubject(a) })),
  fc.constant({ ids: ['sweep'], key: sweepSubject }),
);

test('two different tuples never give one key', () => {
  fc.assert(
    fc.property(key, key, (one, other) => {
      expect(one.key === other.key).toBe(JSON.stringify(one.ids) === JSON.stringify(other.ids));
    }),
    { numRuns: sized({ usual: 2_000, long: 20_000 }) },
  );
});

test('a key of the table of connections says what it is about', () => {
  fc.assert(
    fc.property(id, id, (one, other) => {
      expect(parseSubject(channelSubject(one, other))).toEqual({ tenantId: one, channelId: other });
      expect(parseSubject(connectionSubject(one))).toBe('connection');
      for (const subject of [agentRateSubject(one, other), tenantRateSubject(one), sweepSubject])
        expect(parseSubject(subject)).toBeUndefined();
    }),
    { numRuns: sized({ usual: 1_000, long: 5_000 }) },
  );
});

test('the tenant is the first component', () => {
  expect(channelSubject('a/b%', 'c')).toBe('a%2Fb%25/channel/c');
  expect(inboxSubject('t', 'x/y')).toBe('t/inbox/x%2Fy');
  expect(connectionSubject('abc=')).toBe('connection/abc=');
});

test('the longest ids fit into DynamoDB’s keys', () => {
  const longest = '界'.repeat(128);
  expect(Buffer.byteLength(inboxSubject(longest, longest))).toBeLessThanOrEqual(2_048);
  expect(Buffer.byteLength(inboxSubject('%'.repeat(128), '/'.repeat(128)))).toBeLessThanOrEqual(2_048);
});
