/** `examples/http-day.sh`: a whole day with curl. */
import { execFile, spawnSync } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { fresh } from '../helpers/bus';
import { useBus } from '../helpers/use-bus';

/** The standard tool of the page; a system without it has nothing to try here. */
const hasCurl = spawnSync('curl', ['--version']).status === 0;

const bus = useBus();

(hasCurl ? test : test.skip)('a day with nothing but curl', async () => {
  const tenant = fresh('shop');
  const token = (agent: string, role?: string) =>
    bus.signedToken({ tenant_id: tenant, agent_id: agent, ...(role !== undefined && { role }) });
  const script = path.join(__dirname, '../../examples/http-day.sh');
  const { stdout } = await promisify(execFile)('sh', [script], {
    env: {
      ...process.env,
      BUS_HTTP: bus.inside.gateway.urls.http,
      ROBOT: token('robot'),
      OPS: token('ops', 'service'),
    },
  });
  const answers = stdout.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const summary = answers.map((line) => {
    const [, text = '', status = ''] = /^(.*) (\d{3})$/.exec(line) ?? [];
    return [Number(status), text === '' ? undefined : (JSON.parse(text) as unknown)];
  });
  expect(summary).toMatchObject([
    [200, { tenant_id: tenant, agent_id: 'robot' }],
    [200, { messages: [], after: expect.any(String) }],
    [200, { message_id: 'order-17', status: 'accepted', sequence: 1 }],
    [200, { message_id: 'order-17', status: 'duplicate', sequence: 1 }],
    [200, [{ status: 'accepted' }, { type: 'ERROR', code: 'invalid_message' }, { sequence: 3 }]],
    [200, { status: 'stored' }],
    [200, { messages: [{ content: 'Call the supplier', agent_id: 'robot' }] }],
    [200, { channels: [{ channel_id: 'orders', sequence: 3 }] }],
    [200, { agents: [] }],
    [200, { messages: [{ content: { item: 'tea' } }, { content: 1 }, { content: 3 }] }],
    [202, { status: 'accepted' }],
    [204, undefined],
  ]);
});
