/**
 * Nothing crosses over real sockets either: the same scenes against the laptop gateway, with signed tokens, the tables and the template
 * as they are deployed. A client that receives too much is found at the end of a scene, when all have received a last message.
 */
import fc from 'fast-check';
import { handshake } from '../helpers/handshake';
import type { TestClient } from '../helpers/ws-client';
import { useBus } from '../helpers/use-bus';
import { audience, may, type Party, scene, type Scene } from './isolation';
import { runs, seed } from './runs';

const scenes = 40;

const bus = useBus({ settings: { messageRate: { agentPerSecond: 0, tenantPerSecond: 0 } } });
let played = 0;

beforeAll(() => {
  console.log(`seed ${String(seed)} (FUZZ_SEED repeats it)`);
});

/**
 * Scenes share a bus, so that each adds a word to its tenants; the ids stay as hostile as they were. Two names grant nothing
 * in a map (TOK-3).
 */
function inScene(number: number, party: Party): Party {
  const grants = Object.entries(party.grants).filter(
    ([name]) => name !== '__proto__' && name !== 'constructor',
  );
  return {
    ...party,
    tenantId: `${party.tenantId.slice(0, 110)}~${String(number)}`,
    grants: Object.fromEntries(grants),
  };
}

function urlOf({ tenantId, agentId, channelId, grants }: Party): string {
  const token = bus.signedToken({ tenant_id: tenantId, agent_id: agentId, channels: grants });
  return bus.url({ token, channel_id: channelId });
}

async function nothingCrosses(drawn: Scene): Promise<void> {
  const number = (played += 1);
  const parties = drawn.parties.map((party) => inScene(number, party));
  const clients: (TestClient | undefined)[] = [];
  for (const party of parties) {
    if (may(party, 'subscribe', party.channelId)) clients.push(await bus.open(urlOf(party)));
    else {
      clients.push(undefined);
      expect((await handshake(urlOf(party))).status).toBe(403);
    }
  }
  const wanted = parties.map((): string[] => []);
  for (const [index, sending] of drawn.sendings.entries()) {
    const client = clients[sending.from];
    if (client === undefined) continue;
    const { where, ephemeral } = sending;
    const target = 'channelId' in where ? { channel_id: where.channelId } : where;
    const id = `m${String(index)}`;
    const expected = audience({ ...drawn, parties }, sending);
    const reply = await client.request({ id, content: index, ephemeral, ...target });
    expect([id, reply.code]).toEqual([id, expected === undefined ? 'forbidden' : undefined]);
    for (const receiver of expected ?? []) if (clients[receiver] !== undefined) wanted[receiver]!.push(id);
  }
  for (const [index, client] of clients.entries()) {
    if (client === undefined) continue;
    for (const id of wanted[index]!) await client.nextMessage({ id });
    // Whatever crossed was posted before this answer, if it was posted at all.
    await client.request({ id: 'last', to: 'nobody', content: 1, ephemeral: true });
    expect(client.messageIds.sort()).toEqual(wanted[index]!.sort());
    for (const frame of client.received) {
      if (frame.tenant_id !== undefined) expect(frame.tenant_id).toBe(parties[index]!.tenantId);
    }
  }
  await bus.hangUp();
}

test(`${String(scenes)} scenes of tenants that must not meet, over sockets`, async () => {
  await fc.assert(fc.asyncProperty(scene, nothingCrosses), runs(scenes));
});
