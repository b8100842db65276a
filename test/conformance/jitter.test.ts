/**
 * Conformance of MSG-3 and END-3 while the platform starts and answers in another order than it was asked:
 * the laptop gateway's jitter, with a few seeds.
 */
import { Bus, fresh } from '../helpers/bus';
import { eventually } from '../helpers/eventually';
import { needs } from '../helpers/target';
import type { TestClient } from '../helpers/ws-client';

const agents = 4;
const messagesPerAgent = 3;
const jitter = { startDelayMs: 80, replyDelayMs: 80 };

/** As a client does: "unavailable" on a slow machine means that the same message is to be sent again. */
async function publish(client: TestClient, id: string): Promise<void> {
  let reply = await client.request({ id, content: 1 });
  while (reply.code === 'unavailable') reply = await client.request({ id, content: 1, retry: true });
  expect(reply).toMatchObject({ type: 'ACK' });
}

for (const seed of [1, 2]) {
  needs('faults')(
    `MSG-3 under jitter with seed ${seed} each of ${agents} agents gets every message exactly once, and nothing stays behind`,
    async () => {
      const faults = { seed, connect: jitter, message: jitter, disconnect: { startDelayMs: 160 } };
      const bus = await Bus.start({ faults });
      try {
        const tenant = fresh('tenant');
        const names = Array.from({ length: agents }, (_, index) => `agent-${index}`);
        const clients = await Promise.all(
          names.map((agent) => bus.connect({ tenant, agent }, { channel: 'news' })),
        );
        const ids = names.flatMap((name) =>
          Array.from({ length: messagesPerAgent }, (_, index) => `${name}-${index}`),
        );
        // One after another for each agent, all agents side by side.
        await Promise.all(
          clients.map(async (client, index) => {
            for (const id of ids.filter((each) => each.startsWith(`${names[index]!}-`)))
              await publish(client, id);
          }),
        );
        for (const client of clients) for (const id of ids) await client.nextMessage({ id });
        for (const client of clients) expect([...client.messageIds].sort()).toEqual([...ids].sort());
        await bus.hangUp();
        await eventually(
          () => bus.inside.tables.connectionRows(tenant),
          (rows) => rows.length === 0,
        );
      } finally {
        await bus.stop();
      }
    },
  );
}
