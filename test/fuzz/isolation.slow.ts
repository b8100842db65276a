/**
 * Nothing crosses: random tenants, agents, channels and grants with hostile ids, over the core with stores in memory. A receiver of a
 * message is in its tenant and on its channel, or is its addressee, and no such receiver is left out.
 */
import fc from 'fast-check';
import { authorize } from '../../lambda/agents/authorize';
import type { Caller } from '../../lambda/shared/caller';
import { decodeContext, encodeContext } from '../../lambda/events/web-socket/authorizer-context';
import { createWorld } from '../lambda/world';
import { audience, may, type Party, scene, type Scene } from './isolation';
import { runs } from './runs';

const scenes = 4_000;

const settings = {
  tenantClaim: 'tenant_id',
  agentClaim: 'agent_id',
  channelsClaim: 'channels',
  defaultGrants: 'all',
  maxTokenSeconds: 3_650 * 86_400,
} as const;

/** From claims to caller, by way of the context that the platform carries. `undefined` when the handshake is refused. */
function admitted(
  { tenantId, agentId, channelId, grants }: Party,
  connectionId: string,
  now: number,
): Caller | undefined {
  const claims = {
    tenant_id: tenantId,
    agent_id: agentId,
    channels: grants,
    exp: Math.floor(now / 1_000) + 3_600,
  };
  const query = new Map([['channel_id', [channelId]]]);
  const decision = authorize(claims, query, settings, now);
  if (decision.kind !== 'allow') return undefined;
  return { connectionId, connectedAt: now, ...decodeContext(encodeContext(decision.admission)) };
}

async function nothingCrosses(played: Scene): Promise<void> {
  const world = createWorld();
  world.deps.connectionLimit = 100;
  const callers: (Caller | undefined)[] = [];
  for (const [index, party] of played.parties.entries()) {
    const caller = admitted(party, `conn-${String(index)}`, world.clock.time);
    expect(caller !== undefined).toBe(may(party, 'subscribe', party.channelId));
    callers.push(caller && (await world.open(caller.connectionId, caller)));
  }
  for (const [number, sending] of played.sendings.entries()) {
    const caller = callers[sending.from];
    if (caller === undefined) continue;
    const { where, ephemeral } = sending;
    const target = 'channelId' in where ? { channel_id: where.channelId } : where;
    const before = world.sockets.posts.length;
    await world.send(caller, { id: `m${String(number)}`, content: number, ephemeral, ...target });
    const posts = world.sockets.posts.slice(before);

    const replies = posts.filter(({ frame }) => frame.type === 'ACK' || frame.type === 'ERROR');
    expect(replies.map(({ connectionId }) => connectionId)).toEqual([caller.connectionId]);
    const expected = audience(played, sending);
    expect(replies[0]?.frame.code).toBe(expected === undefined ? 'forbidden' : undefined);
    const receivers = posts.filter((post) => !replies.includes(post)).map(({ connectionId }) => connectionId);
    const wanted = (expected ?? [])
      .filter((index) => callers[index] !== undefined)
      .map((index) => `conn-${String(index)}`);
    expect(receivers.sort()).toEqual(wanted.sort());
    for (const { frame } of posts.filter((post) => !replies.includes(post))) {
      expect([frame.tenant_id, frame.agent_id]).toEqual([caller.tenantId, caller.agentId]);
    }
  }
}

test(`${String(scenes)} scenes of tenants that must not meet`, async () => {
  await fc.assert(fc.asyncProperty(scene, nothingCrosses), runs(scenes));
});
