/**
 * The story: an agent goes under, and the service does not learn of it. A request to it is accepted, nobody takes it, and its
 * asker gives up. The agent's next process must not begin with it, whether it is a client of ours or an original one.
 */
import WebSocket from 'ws';
import { PubSub } from '../../clients/javascript/index';
import { fresh } from '../helpers/bus';
import { eventually } from '../helpers/eventually';
import { useBus } from '../helpers/use-bus';

const bus = useBus({ faults: { disconnect: { lose: 1 } } });
const clients: PubSub[] = [];

afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
});

const tenant = fresh('t');

function client(agent: string): PubSub {
  const made = new PubSub({
    url: bus.baseUrls.edge,
    token: () => bus.token({ tenant, agent }),
    WebSocket,
  });
  clients.push(made);
  return made;
}

/** Asks an agent that is not there any more, then writes to it. */
async function askGhost(agent: string): Promise<void> {
  const ghost = await bus.connect({ tenant, agent });
  await ghost.terminate();
  const alice = client('alice');
  await alice.connect();
  const asking = alice.agent(agent).request('old', { timeout: 1_500 });
  await expect(asking).rejects.toMatchObject({ code: 'timeout' });
  // The request is in the log before it.
  await expect(alice.agent(agent).send('kept')).resolves.toMatchObject({ sequence: 2 });
}

test('a client of level 0 gets what was written after it', async () => {
  await askGhost('bob');
  const bob = await bus.connect({ tenant, agent: 'bob' });
  await bob.nextMessage({ content: 'kept' });
  expect(bob.received.map(({ content }) => content)).not.toContain('old');
});

test('the handler of a client of level 1 is not called', async () => {
  await askGhost('carl');
  const carl = client('carl');
  const seen: unknown[] = [];
  carl.onRequest((content) => seen.push(content));
  const subscribed = carl.inbox.subscribe(({ content }) => seen.push(content));
  await Promise.all([carl.connect(), subscribed]);
  await eventually(
    () => seen,
    (contents) => contents.includes('kept'),
  );
  expect(seen).toEqual(['kept']);
});
