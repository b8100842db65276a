/** Conformance: what one text message may cost (docs/protocol.md, RAT-7). */
import { channelSubject } from '../../lambda/shared/subjects';
import { contentOf } from '../bench/costly-world';
import { fresh } from '../helpers/bus';
import { logsOf } from '../helpers/logs';
import { needs } from '../helpers/target';
import { useBus } from '../helpers/use-bus';

const bus = useBus();

/** Messages nearly as large as one may be: the end of a log, and a search in it, are billed by them. */
async function fill(tenant: string, channel: string, count: number): Promise<void> {
  const { store, close } = logsOf(bus.inside.gateway);
  const body = JSON.stringify({ type: 'message', content: contentOf(125_000) });
  const timestamp = bus.now();
  for (let sequence = 1; sequence <= count; sequence++) {
    const row = { sequence, epoch: 'e', nonce: 'n', id: fresh('m'), agentId: 'writer', isRetry: false };
    const expiresAt = timestamp + 3_600_000;
    await store.tryPut(channelSubject(tenant, channel), { ...row, timestamp, expiresAt, body });
  }
  close();
}

needs('tables')(
  'RAT-7 frames that their text message cannot pay for are refused, and served in another one',
  async () => {
    const tenant = fresh('tenant');
    await fill(tenant, 'big', 85);
    const reader = await bus.connect({ tenant, agent: 'a' }, { level: 1 });
    const history = { type: 'history', channel_id: 'big', limit: 1 };
    const ids = Array.from({ length: 12 }, () => fresh('h'));
    const answers = ids.map((message_id) => reader.next({ message_id }));
    const ping = { type: 'ping', channels: Array.from({ length: 20 }, () => ({ channel_id: 'big' })) };
    const retry = { id: fresh('m'), channel_id: 'big', content: 1, retry: true };
    reader.send([ping, retry, ...ids.map((id) => ({ ...history, id }))]);

    const [first, ...others] = await Promise.all(answers);
    expect(first).toMatchObject({ type: 'HISTORY' });
    expect(others.at(-1)).toMatchObject({ type: 'ERROR', code: 'rate_limited', retry_after_ms: 500 });
    expect(await reader.request({ ...history, id: fresh('h') })).toMatchObject({ type: 'HISTORY' });
  },
);
