/** Conformance: what one tenant may use (docs/protocol.md). Small quotas, so that a few messages use them up. */
import { fresh } from '../helpers/bus';
import { eventually } from '../helpers/eventually';
import { statusOf } from '../helpers/handshake';
import { needs } from '../helpers/target';
import { useBus } from '../helpers/use-bus';
import { callsOf } from '../http/http-client';

const tenantQuotas = {
  connections: 4,
  agents: 3,
  storedBytesPerDay: 1_000,
  deliveriesPerDay: 10,
  unknownAgents: 2,
};
const bus = useBus({ settings: { tenantQuotas } });
let tenant: string;

beforeEach(() => {
  tenant = fresh('tenant');
});

const withSettings = needs('settings');
const sweep = () => bus.inside.gateway.schedules[0]!.run();

withSettings('DIR-8 a tenant has messages for a limited number of agents that never connected', async () => {
  const sender = await bus.connect({ tenant, agent: 'a' }, { level: 1, echo: false });
  const send = (to: string) => sender.request({ to, content: 1 });
  const stored = { status: 'stored', known: false };

  for (const to of ['n1', 'n2', 'n1']) expect(await send(to)).toMatchObject(stored);
  expect(await send('n3')).toMatchObject({ type: 'ERROR', code: 'limit_exceeded' });
  expect(await send('a')).toMatchObject({ status: 'accepted' });
  const stranger = await bus.connect({ tenant: fresh('tenant'), agent: 'a' }, { level: 1 });
  expect(await stranger.request({ to: 'n3', content: 1 })).toMatchObject(stored);

  // One that connects makes room, once the sweep has counted.
  await bus.connect({ tenant, agent: 'n1' });
  await sweep();
  expect(await send('n3')).toMatchObject({ ...stored, sequence: 1 });
  expect(await send('n4')).toMatchObject({ code: 'limit_exceeded' });
});

async function handshakeOf(agent: string): Promise<number> {
  return statusOf(bus.url({ token: await bus.token({ tenant, agent }) }));
}

withSettings('CON-17 a tenant that has all the connections it may have gets no further one', async () => {
  const clients = await Promise.all(['a', 'a', 'b', 'b'].map((agent) => bus.connect({ tenant, agent })));
  await sweep();
  expect(await handshakeOf('a')).toBe(429);
  await clients[0]!.close();
  const isAdmitted = async () => {
    await sweep();
    return (await handshakeOf('a')) === 101;
  };
  expect(await eventually(isAdmitted, (admitted) => admitted)).toBe(true);
});

withSettings(
  'CON-17 a tenant that has all the agents it may have gets no new one, and those come back',
  async () => {
    for (const agent of ['a', 'b', 'c']) await (await bus.connect({ tenant, agent })).close();
    await sweep();
    expect(await handshakeOf('d')).toBe(429);
    expect(await handshakeOf('c')).toBe(101);
  },
);

withSettings(
  'RAT-8 what would be stored over the quota of a day is refused by its name, all else is not',
  async () => {
    const client = await bus.connect({ tenant, agent: 'a' }, { channel: 'news', level: 1, echo: false });
    const content = 'x'.repeat(600);

    for (let n = 0; n < 2; n++) expect(await client.request({ content })).toMatchObject({ type: 'ACK' });
    const refused = await eventually(
      () => client.request({ content: 1 }),
      ({ type }) => type === 'ERROR',
    );
    expect(refused).toMatchObject({ code: 'limit_exceeded' });
    expect(refused.error).toContain('storedBytesPerDay');
    expect(await client.request({ content, ephemeral: true })).toMatchObject({ type: 'ACK' });
    expect(await client.request({ type: 'history', channel_id: 'news' })).toMatchObject({ type: 'HISTORY' });

    // Another function knows it after its first report.
    const call = await callsOf(bus, { tenant, agent: 'b' });
    const answer = await eventually(
      () => call('POST', '/channels/news/messages', { body: { content: 1 } }),
      ({ status }) => status !== 200,
    );
    expect(answer.body).toMatchObject({ code: 'limit_exceeded' });
    expect(answer.body.detail).toContain('storedBytesPerDay');
  },
);

withSettings(
  'RAT-8 deliveries of a day count for all receivers, and a quota of one tenant is not another’s',
  async () => {
    const client = await bus.connect({ tenant, agent: 'a' }, { channel: 'news', level: 1 });
    await bus.connect({ tenant, agent: 'b' }, { channel: 'news' });
    const send = () => client.request({ content: 1, ephemeral: true });

    for (let n = 0; n < 5; n++) expect(await send()).toMatchObject({ type: 'ACK' });
    const refused = await eventually(send, ({ type }) => type === 'ERROR');
    expect(refused).toMatchObject({ code: 'limit_exceeded' });
    expect(refused.error).toContain('deliveriesPerDay');
    const stranger = await bus.connect({ tenant: fresh('tenant'), agent: 'a' }, { channel: 'news' });
    expect(await stranger.request({ content: 1 })).toMatchObject({ type: 'ACK' });
  },
);
