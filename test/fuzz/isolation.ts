/** Tenants, agents, channels and grants that were chosen to be confused with each other, and who may hear what. */
import fc from 'fast-check';
import type { Operation } from '../../protocol/index';

/** Ids that would meet in a key, a pattern, a path or an object if anything were sloppy. */
export const hostileIds = [
  't',
  't/channel/c',
  't/inbox/a',
  't%2Fchannel%2Fc',
  't/',
  '/t',
  '%',
  '%2F',
  '%25',
  'T',
  't ',
  '*',
  'connection',
  'rate',
  't/rate/agent/a',
  '__proto__',
  'constructor',
  '$inbox',
  'a',
  'a/b',
  'é',
  'e\u0301',
  '界'.repeat(128),
] as const;
export const channels = [
  'c',
  'C',
  'c.',
  'c.d',
  'c:d',
  '__proto__',
  'constructor',
  'inbox',
  'channel',
  'a.b.c',
] as const;
export const patterns = ['*', 'c', 'c.*', 'c*', '__proto__', 'a.*', 'constructor'] as const;

export interface Party {
  readonly tenantId: string;
  readonly agentId: string;
  readonly channelId: string;
  /** Of its `channels` claim. */
  readonly grants: Readonly<Record<string, readonly Operation[]>>;
}

/** What a party sends: `where` is a channel, an agent, or its own channel. */
export interface Sending {
  readonly from: number;
  readonly where: { readonly channelId: string } | { readonly to: string } | Record<string, never>;
  readonly ephemeral: boolean;
}

export interface Scene {
  readonly parties: readonly Party[];
  readonly sendings: readonly Sending[];
}

const id = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...hostileIds) },
  {
    weight: 1,
    arbitrary: fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 5 })
      .filter((text) => !/\p{Cc}/u.test(text)),
  },
);
const channel = fc.constantFrom(...channels);
const operations = fc.subarray<Operation>(['publish', 'subscribe', 'history'], { minLength: 1 });
const grants = fc
  .array(fc.tuple(fc.constantFrom(...patterns), operations), { minLength: 1, maxLength: 3 })
  .map((pairs) => Object.fromEntries(pairs));

const party = fc.record({ tenantId: id, agentId: id, channelId: channel, grants });

export const scene: fc.Arbitrary<Scene> = fc.array(party, { minLength: 2, maxLength: 8 }).chain((parties) =>
  fc.record({
    parties: fc.constant(parties),
    sendings: fc.array(
      fc.record({
        from: fc.nat(parties.length - 1),
        where: fc.oneof(
          channel.map((channelId) => ({ channelId })),
          fc.oneof(id, fc.constantFrom(...parties.map(({ agentId }) => agentId))).map((to) => ({ to })),
          fc.constant({}),
        ),
        ephemeral: fc.boolean(),
      }),
      { minLength: 1, maxLength: 8 },
    ),
  }),
);

/** Written apart from the code under test, in the simplest way. */
export function may({ grants }: Party, operation: Operation, channelId: string): boolean {
  return Object.entries(grants).some(([pattern, allowed]) => {
    if (!allowed.includes(operation)) return false;
    return pattern.endsWith('*') ? channelId.startsWith(pattern.slice(0, -1)) : pattern === channelId;
  });
}

/** Indices of the parties that must get the message, out of those that are connected; `undefined` when it must be refused. */
export function audience({ parties }: Scene, { from, where }: Sending): number[] | undefined {
  const sender = parties[from]!;
  const channelId = 'channelId' in where ? where.channelId : sender.channelId;
  const isDirect = 'to' in where;
  if (!isDirect && !may(sender, 'publish', channelId)) return undefined;
  return [...parties.keys()].filter((index) => {
    const party = parties[index]!;
    if (party.tenantId !== sender.tenantId) return false;
    return isDirect ? party.agentId === where.to : party.channelId === channelId;
  });
}
