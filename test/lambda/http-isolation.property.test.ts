/**
 * Nothing crosses over HTTP either: random tenants, agents, channels and grants with hostile ids. A message that HTTP publishes reaches
 * those whom one of the socket would reach; a read gives what was published to that channel of that tenant, or is refused.
 */
import fc from 'fast-check';
import { agentInPath } from '../../protocol/index';
import { audience, channels, may, type Party, scene, type Scene } from '../fuzz/isolation';
import { createHttpWorld, type MemoryAnswer } from './http-world';

const scenes = 150;

const claimsOf = ({ tenantId, agentId, grants }: Party) => ({
  tenant_id: tenantId,
  agent_id: agentId,
  channels: grants,
});

/** As API Gateway hands it over. */
const agentSegment = (agentId: string) => decodeURIComponent(agentInPath(agentId));

interface Published {
  readonly tenantId: string;
  readonly channelId: string;
  readonly content: number;
}

async function nothingCrosses(played: Scene): Promise<void> {
  const world = createHttpWorld();
  const isOpen = played.parties.map((party) => may(party, 'subscribe', party.channelId));
  for (const [index, { tenantId, agentId, channelId }] of played.parties.entries())
    if (isOpen[index]) await world.open(`conn-${index}`, { tenantId, agentId, channelId });

  const published: Published[] = [];
  for (const [content, sending] of played.sendings.entries()) {
    const party = played.parties[sending.from]!;
    const { where, ephemeral } = sending;
    const channelId = 'channelId' in where ? where.channelId : party.channelId;
    const path = 'to' in where ? `/agents/${agentSegment(where.to)}` : `/channels/${channelId}`;
    const before = world.sockets.posts.length;
    const body = { id: `m${content}`, content, ephemeral };
    const answer = await world.request(claimsOf(party), 'POST', `${path}/messages`, body);
    const expected = audience(played, sending);
    expect([path, answer.status]).toEqual([path, expected === undefined ? 403 : 200]);
    const receivers = world.sockets.posts.slice(before);
    const wanted = (expected ?? []).filter((index) => isOpen[index]).map((index) => `conn-${index}`);
    expect(receivers.map(({ connectionId }) => connectionId).sort()).toEqual(wanted.sort());
    for (const { frame } of receivers)
      expect([frame.tenant_id, frame.agent_id]).toEqual([party.tenantId, party.agentId]);
    if (expected !== undefined && !('to' in where) && !ephemeral)
      published.push({ tenantId: party.tenantId, channelId, content });
  }
  for (const party of played.parties) await readsOnlyItsOwn(world.request, party, published);
}

async function readsOnlyItsOwn(
  request: ReturnType<typeof createHttpWorld>['request'],
  party: Party,
  published: readonly Published[],
): Promise<void> {
  const own = published.filter(({ tenantId }) => tenantId === party.tenantId);
  const get = (path: string): Promise<MemoryAnswer> => request(claimsOf(party), 'GET', path);
  for (const channelId of channels) {
    const { status, body } = await get(`/channels/${channelId}/messages`);
    const mayRead = may(party, 'history', channelId);
    expect([channelId, status]).toEqual([channelId, mayRead ? 200 : 403]);
    const there = own.filter((each) => each.channelId === channelId).map(({ content }) => content);
    if (mayRead)
      expect((body.messages as { content: number }[]).map(({ content }) => content)).toEqual(there);
  }
  const listed = (await get('/channels')).body.channels as { channel_id: string }[];
  const visible = channels.filter(
    (channelId) =>
      (may(party, 'history', channelId) || may(party, 'subscribe', channelId)) &&
      own.some((each) => each.channelId === channelId),
  );
  expect(listed.map(({ channel_id }) => channel_id).sort()).toEqual([...visible].sort());
}

test(`${scenes} scenes of tenants that must not meet over HTTP`, async () => {
  await fc.assert(fc.asyncProperty(scene, nothingCrosses), { numRuns: scenes });
});
