/**
 * A first publish that may fail. The first event of a function loads and compiles it, which takes a busy machine longer than the
 * service waits for its tables and posts; the tests of a file are about the events after it.
 */
import { type Bus, fresh } from './bus';
import { target } from './target';
import type { TestClient } from './ws-client';

const tries = 5;
const patienceMs = 5_000;

/** `connect`: a client that is subscribed to a channel, for settings that need a token of their own. */
export async function warmUp(bus: Bus, connect: () => Promise<TestClient> = () => usual(bus)): Promise<void> {
  if (target !== undefined) return;
  const client = await connect();
  for (let attempt = 0; attempt < tries; attempt++) {
    const id = fresh('warm');
    client.send({ id, content: 1 });
    const came = client.nextMessage({ id }, patienceMs).then(
      () => true,
      () => false,
    );
    if (await came) break;
  }
  await client.close();
}

function usual(bus: Bus): Promise<TestClient> {
  return bus.connect({ tenant: fresh('tenant'), agent: 'first' }, { channel: 'news' });
}
