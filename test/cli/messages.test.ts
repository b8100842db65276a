/** The commands that send and read messages, against a laptop gateway. */
import { PubSub } from '@artcafe/pubsub';
import WebSocket from 'ws';
import { fresh } from '../helpers/bus';
import { useBus } from '../helpers/use-bus';
import { artcafe, objectsIn, start } from './command-line';

const bus = useBus();
let place: string[];

beforeAll(() => {
  place = ['--url', bus.baseUrls.edge];
});

const as = (tenant: string, agent: string) => [...place, '--tenant', tenant, '--agent', agent];

describe('subscribe', () => {
  test('prints what publish sends, readable', async () => {
    const tenant = fresh('tenant');
    const reader = start(['subscribe', 'lobby', ...as(tenant, 'bob')], {
      isTerminal: true,
      environment: { NO_COLOR: '1' },
    });
    await reader.said(/Subscribed as an observer/);
    const sent = await artcafe([
      'publish',
      'lobby',
      '{"hello":"world"}',
      '--id',
      'm1',
      ...as(tenant, 'alice'),
    ]);
    expect(sent).toEqual({ code: 0, stdout: 'accepted #1 m1\n', stderr: '' });
    await reader.said(/hello/);
    const { code, stdout } = await reader.interrupt();
    expect(code).toBe(130);
    expect(stdout).toMatch(/^\d\d:\d\d:\d\d\.\d{3} #1 alice {2}\{"hello":"world"\}\n$/);
  });

  test('with --json as frames of the protocol, and ends after --limit', async () => {
    const tenant = fresh('tenant');
    const reader = start(['subscribe', 'a', 'b', '--json', '--limit', '2', ...as(tenant, 'bob')]);
    const sender = await bus.connect({ tenant, agent: 'alice' });
    let published = 0;
    const publishUntilHeard = setInterval(() => {
      published += 1;
      sender.send({ id: `m${published}`, channel_id: published % 2 === 0 ? 'a' : 'b', content: published });
    }, 100);
    const { code, stdout, stderr } = await reader.outcome;
    clearInterval(publishUntilHeard);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const frames = objectsIn(stdout);
    expect(frames).toHaveLength(2);
    expect(frames[0]).toMatchObject({
      type: 'message',
      tenant_id: tenant,
      agent_id: 'alice',
      sequence: expect.any(Number),
    });
  });

  test('--inbox prints direct messages that waited', async () => {
    const tenant = fresh('tenant');
    const stored = await artcafe(['publish', '--to', 'bob', 'wake up', ...as(tenant, 'alice')]);
    expect(stored.stdout).toMatch(/^stored #1 /);
    const { stdout } = await artcafe([
      'subscribe',
      '--inbox',
      '--limit',
      '1',
      '--json',
      ...as(tenant, 'bob'),
    ]);
    expect(objectsIn(stdout)[0]).toMatchObject({ content: 'wake up', to: 'bob', agent_id: 'alice' });
  });

  test('history says that a log has no messages, beside the output', async () => {
    const asked = await artcafe(['history', 'nothing', '--json', ...as(fresh('tenant'), 'bob')]);
    expect(asked).toMatchObject({ code: 0, stdout: '', stderr: 'The log has no messages.\n' });
  });

  test('an agent cannot steer the terminal of the reader', async () => {
    const tenant = fresh('tenant');
    await artcafe(['publish', 'lobby', '\u001b[2Jgone\u202e', ...as(tenant, 'mallory')]);
    const { stdout } = await artcafe(['history', 'lobby', ...as(tenant, 'bob')], { isTerminal: true });
    expect(stdout).toContain('\\u001b[2Jgone\\u202e');
    expect(stdout).not.toContain('\u001b[2J');
  });
});

describe('publish', () => {
  test('each line of standard input is a message, in order', async () => {
    const tenant = fresh('tenant');
    const lines = Array.from({ length: 60 }, (_, index) => `{"n":${index}}`);
    const { code, stdout } = await artcafe(['publish', 'lobby', '--json', ...as(tenant, 'alice')], {
      input: ['', ...lines],
    });
    expect(code).toBe(0);
    expect(objectsIn(stdout)).toHaveLength(60);
    const { stdout: log } = await artcafe([
      'history',
      'lobby',
      '--limit',
      '60',
      '--json',
      ...as(tenant, 'bob'),
    ]);
    expect(objectsIn(log).map(({ content }) => (content as { n: number }).n)).toEqual(
      lines.map((_, index) => index),
    );
  });

  test('type and metadata arrive; null is content, too', async () => {
    const tenant = fresh('tenant');
    const details = ['--type', 'note', '--metadata', '{"mood":"good"}'];
    await artcafe(['publish', 'lobby', 'null', ...details, ...as(tenant, 'alice')]);
    const { stdout } = await artcafe(['history', 'lobby', '--json', ...as(tenant, 'bob')]);
    expect(objectsIn(stdout)[0]).toMatchObject({ type: 'note', content: null, metadata: { mood: 'good' } });
  });

  test('what the service refuses ends with the exit code for it', async () => {
    const tenant = fresh('tenant');
    const token = await bus.token({ tenant, agent: 'alice', channels: ['other'] });
    const { code, stdout, stderr } = await artcafe(['publish', 'lobby', 'x', ...place, '--token', token]);
    expect({ code, stdout }).toEqual({ code: 4, stdout: '' });
    expect(stderr).toMatch(/^forbidden/);
    expect(stderr).not.toContain(token);
  });
});

describe('request', () => {
  test('prints the reply', async () => {
    const tenant = fresh('tenant');
    const bob = await bus.connect({ tenant, agent: 'bob' });
    const asked = start(['request', 'bob', '{"a":1}', ...as(tenant, 'alice')]);
    const question = await bob.next((frame) => frame.expects_reply === true);
    bob.send({
      id: 'r',
      type: 'reply',
      to: 'alice',
      in_reply_to: question.id,
      correlation_id: question.correlation_id,
      content: { sum: 3 },
    });
    expect(await asked.outcome).toEqual({ code: 0, stdout: '{"sum":3}\n', stderr: '' });
  });

  test('an agent that does not reply in time: exit code 5, and what may be the reason', async () => {
    const tenant = fresh('tenant');
    await bus.connect({ tenant, agent: 'bob' });
    expect(await artcafe(['request', 'bob', 'hi', '--timeout', '1s', ...as(tenant, 'alice')])).toEqual({
      code: 5,
      stdout: '',
      stderr:
        'timeout: no reply from bob within 1s. It is slow, or has no handler for requests, as artcafe subscribe --inbox.\n',
    });
  });

  test('an agent without a handler says so, also within 3 s', async () => {
    const tenant = fresh('tenant');
    const token = await bus.token({ tenant, agent: 'bob' });
    const bob = new PubSub({ url: bus.baseUrls.edge, token, WebSocket });
    await bob.connect();
    const asked = await artcafe(['request', 'bob', 'hi', '--timeout', '3s', ...as(tenant, 'alice')]);
    await bob.close();
    expect(asked).toEqual({ code: 5, stdout: '', stderr: 'no_handler: No handler for requests\n' });
  });

  test('nobody there: exit code 5', async () => {
    const { code, stderr } = await artcafe(['request', 'nobody', 'hi', ...as(fresh('tenant'), 'alice')]);
    expect(code).toBe(5);
    expect(stderr).toMatch(/^no_responders: /);
  });
});

test('agents lists who is there, with capabilities', async () => {
  const tenant = fresh('tenant');
  const worker = await bus.connect({ tenant, agent: 'worker' }, { level: 1 });
  worker.send({ type: 'hello', status: 'busy', capabilities: ['translate'] });
  await worker.next((frame) => frame.type === 'WELCOME');
  const { stdout } = await artcafe(['agents', '--capability', 'translate', '--json', ...as(tenant, 'alice')]);
  expect(objectsIn(stdout)).toEqual([
    {
      ...{ agent_id: 'worker', status: 'busy', capabilities: ['translate'] },
      ...{ version: expect.any(Number), changed_at: expect.any(String) },
    },
  ]);
  const { stdout: text } = await artcafe(['agents', '--online', ...as(tenant, 'alice')]);
  expect(text).toBe('busy     worker  translate\n');
  const printed = async (...args: string[]) =>
    (await artcafe(['agents', ...args, ...as(tenant, 'alice')])).stdout;
  expect(await printed('--offline')).toBe('');
  expect(await printed('worker')).toBe(text);
  expect(await printed('worker', '--status', 'idle')).toBe('');
  expect(await printed('worker', '--capability', 'sing')).toBe('');
  expect(await printed('nobody')).toBe('');
});

test.each([
  [['publish'], 'A channel or --to is needed; see --help.'],
  [['publish', '--to', 'bob', 'lobby', 'x'], 'With --to there is no channel: only the content.'],
  [['subscribe'], 'A channel or --inbox is needed; see --help.'],
  [['history'], 'Either a channel or --inbox is needed; see --help.'],
])('%j is one sentence', async (args, sentence) => {
  expect(await artcafe([...args, ...place])).toEqual({ code: 2, stdout: '', stderr: `${sentence}\n` });
});
