/** HTTP-3: requests count against the rates of the socket. */
import { Bus, fresh } from '../helpers/bus';
import { needs } from '../helpers/target';
import { callsOf } from './http-client';

needs('settings')('HTTP-3 a request counts as the messages that it publishes, or as one', async () => {
  const bus = await Bus.start({
    settings: { messageRate: { agentPerSecond: 1, agentBurst: 30, tenantPerSecond: 0 } },
  });
  try {
    const tenant = fresh('t');
    const alice = await callsOf(bus, { tenant, agent: 'alice' });
    const body = Array.from({ length: 25 }, () => ({ content: 1 }));
    expect((await alice('POST', '/channels/c/messages', { body })).status).toBe(200);
    let admitted = 0;
    let answer = await alice('GET', '/me');
    // What comes back to the burst meanwhile is admitted too.
    for (; answer.status === 200 && admitted < 100; admitted++) answer = await alice('GET', '/me');
    expect(admitted).toBeGreaterThanOrEqual(4);
    expect(answer).toMatchObject({ status: 429, body: { code: 'rate_limited' } });
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    const bob = await callsOf(bus, { tenant, agent: 'bob' });
    expect((await bob('GET', '/me')).status).toBe(200);
  } finally {
    await bus.stop();
  }
});
