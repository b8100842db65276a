/** The audit log over the laptop gateway: marked lines of the functions, through the subscriptions of the template. */
import { fresh } from '../helpers/bus';
import { eventually } from '../helpers/eventually';
import { statusOf } from '../helpers/handshake';
import { needs } from '../helpers/target';
import { keyId } from '../helpers/tokens';
import { useBus } from '../helpers/use-bus';

const withGateway = needs('signing key');
const bus = useBus();

/** Lines in the log of the function that keeps the audit log, about the tenant. */
function audited(tenant: string): Record<string, unknown>[] {
  return bus.inside.log
    .filter(({ function: name }) => name.includes('Audit'))
    .flatMap(({ text }) => text.split('\n'))
    .filter((line) => line.startsWith('{') && line.includes(tenant))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

withGateway(
  'the audit log says who connected from where with which token, and what was refused',
  async () => {
    const tenant = fresh('tenant');
    const claims = { tenant_id: tenant, agent_id: 'a', jti: 'token-1', channels: { news: ['history'] } };
    const token = bus.signedToken(claims);
    const client = await bus.open(bus.url({ token, protocol: 'artcafe.v1' }, 'edge'));
    await client.request({ type: 'history', channel_id: 'news' });
    await client.request({ channel_id: 'news', content: 'private words' });
    expect(await statusOf(bus.url({ token, channel_id: 'news' }))).toBe(403);
    await bus.order({ action: 'kick', tenant_id: tenant });

    const wanted = ['admitted', 'connected', 'denied', 'grant_denied', 'history_read', 'revocation'];
    const events = await eventually(
      () => audited(tenant).map(({ event }) => String(event)),
      ({ length }) => length >= wanted.length,
    );
    expect(events.sort()).toEqual(wanted);
    const lines = audited(tenant);
    const find = (event: string) => lines.find((line) => line.event === event);
    const who = { tenant_id: tenant, agent_id: 'a', jti: 'token-1' };
    const where = { viewer_address: '127.0.0.1' };
    expect(find('admitted')).toMatchObject({ ...who, ...where, kid: keyId(bus.inside.signer.key) });
    expect(find('connected')).toMatchObject({ ...who, ...where });
    expect(find('denied')).toMatchObject({ ...who, reason: 'channel not granted', source_ip: '127.0.0.1' });
    expect(find('grant_denied')).toMatchObject({ ...who, operation: 'publish', channel_id: 'news' });
    expect(find('history_read')).toMatchObject({ ...who, channel_id: 'news' });
    expect(find('revocation')).toMatchObject({ tenant_id: tenant, action: 'kick', closed: 1 });
    expect(JSON.stringify(lines)).not.toMatch(/private words|eyJ|token=/);
  },
);
