/** The commands of an operator, against a laptop gateway: start, token, doctor, cost; contexts, help and exit codes. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { programFor } from '../../cli/program';
import { assemblyFor } from '../helpers/assembly';
import { fresh } from '../helpers/bus';
import { statusOf } from '../helpers/handshake';
import { freePort } from '../helpers/processes';
import { useBus } from '../helpers/use-bus';
import { artcafe, objectsIn, start } from './command-line';

const bus = useBus();
let place: string[];
const folder = mkdtempSync(path.join(tmpdir(), 'artcafe-cli-'));

beforeAll(() => {
  place = ['--url', bus.baseUrls.edge];
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('token', () => {
  test('prints a token that the gateway accepts, and nothing else', async () => {
    const { code, stdout, stderr } = await artcafe([
      'token',
      '--tenant',
      fresh('t'),
      '--agent',
      'a',
      ...place,
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    expect(await statusOf(`${bus.baseUrls.edge}/ws?token=${stdout.trim()}`)).toBe(101);
  });

  test('grants only the channels and agents that are listed', async () => {
    const args = [
      'token',
      '--tenant',
      't',
      '--agent',
      'a',
      '--channels',
      'orders,news.*',
      '--agents',
      'planner,team-*',
      '--role',
      'observer',
    ];
    const { stdout } = await artcafe([...args, ...place]);
    const claims: unknown = JSON.parse(Buffer.from(stdout.split('.')[1]!, 'base64url').toString());
    expect(claims).toMatchObject({
      channels: ['orders', 'news.*'],
      agents: ['planner', 'team-*'],
      role: 'observer',
    });
  });

  test.each([
    [['--tenant', 't'], "error: required option '--agent <agent>' not specified\nTry --help.\n"],
    [['--tenant', 't', '--agent', 'a', '--expires-in', '2y'], /^The lifetime "2y" must be like /],
    [['--tenant', 't', '--agent', 'a', '--role', 'king'], /argument 'king' is invalid/],
  ])('%j is wrong use', async (args, expected) => {
    const { code, stdout, stderr } = await artcafe(['token', ...args, ...place]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(expected);
  });
});

describe('contexts', () => {
  test('a deployed stack by its name, from the outputs of its deployment', async () => {
    const outputs = path.join(folder, 'outputs.json');
    writeFileSync(
      outputs,
      JSON.stringify({ Bus: { EdgeBaseUrl: bus.baseUrls.edge, BaseUrl: 'ws://127.0.0.1:1' } }),
    );
    const token = await bus.token({ tenant: fresh('t'), agent: 'a' });
    const environment = { ARTCAFE_CONTEXT: 'Bus', ARTCAFE_OUTPUTS: outputs, ARTCAFE_TOKEN: token };
    expect(await artcafe(['publish', 'lobby', 'x', '--id', 'm'], { environment })).toMatchObject({
      stdout: 'accepted #1 m\n',
    });
    expect(await artcafe(['publish', 'lobby', 'x', '--context', 'Bust'], { environment })).toEqual({
      code: 2,
      stdout: '',
      stderr: 'outputs.json has no stack "Bust", only: Bus.\n',
    });
  });

  test('no gateway: one sentence and exit code 3', async () => {
    const { code, stderr } = await artcafe(['publish', 'lobby', 'x', '--url', 'ws://127.0.0.1:1/v1']);
    expect(code).toBe(3);
    expect(stderr).toMatch(/^No laptop gateway answers at http:\/\/127\.0\.0\.1:1; artcafe start runs one/);
  });
});

describe('doctor', () => {
  const findings = async (...args: string[]) => {
    const { code, stdout } = await artcafe(['doctor', '--json', ...args]);
    return { code, bad: objectsIn(stdout).filter(({ good }) => good !== true), all: objectsIn(stdout) };
  };

  test('a good connection', async () => {
    const { code, bad, all } = await findings(...place);
    expect({ code, bad }).toEqual({ code: 0, bad: [] });
    expect(all.map(({ check }) => check)).toEqual([
      'URL',
      'server',
      'clock',
      'token',
      'handshake',
      'sub-protocol',
    ]);
  });

  test.each<[string, () => Promise<string[]>, string, RegExp]>([
    ['no URL', () => Promise.resolve(['--url', 'http://x']), 'URL', /must start with ws/],
    ['nobody there', async () => ['--url', `ws://127.0.0.1:${await freePort()}`], 'server', /ECONNREFUSED/],
    ['no JWT', () => Promise.resolve([...place, '--token', 'abc']), 'token', /is not a JWT/],
    [
      'a token of another key',
      async () => [
        ...place,
        '--token',
        `${(await bus.token({ tenant: 't', agent: 'a' })).slice(0, -20)}AAAAAAAAAAAAAAAAAAAA`,
      ],
      'handshake',
      /refused with 401/,
    ],
    [
      'an expired token',
      async () => [...place, '--token', await bus.token({ tenant: 't', agent: 'a', expiresInSeconds: -5 })],
      'token',
      /has expired at/,
    ],
  ])('%s', async (_, args, check, said) => {
    const { code, bad } = await findings(...(await args()));
    expect(code).toBe(1);
    expect(bad[0]).toMatchObject({ check, said: expect.stringMatching(said) });
  });
});

describe('start', () => {
  test('runs the stack in a folder, and what it says works', async () => {
    const environment = { XDG_STATE_HOME: folder };
    const assembly = await assemblyFor();
    const gateway = start(['start', '--port', '0', '--assembly', assembly], { environment });
    const welcome = await gateway.said(/npx artcafe publish/);
    const url = /--url (\S+)/.exec(welcome)?.[1] ?? '';
    expect(welcome).toContain(`npx artcafe subscribe lobby --agent bob --inbox --url ${url}\n`);
    expect(
      (await artcafe(['publish', 'lobby', '{"hello":"world"}', '--agent', 'alice', '--url', url])).code,
    ).toBe(0);
    const { code, stderr } = await gateway.interrupt();
    expect({ code, stderr }).toEqual({ code: 130, stderr: '' });
  });

  test('serves the console', async () => {
    const args = ['start', '--port', '0', '--assembly', await assemblyFor()];
    const packageFolder = path.join(folder, 'package');
    mkdirSync(path.join(packageFolder, 'console'), { recursive: true });
    writeFileSync(path.join(packageFolder, 'console/index.html'), '<title>Console</title>');
    const gateway = start(args, { environment: { XDG_STATE_HOME: folder }, packageFolder });
    const page = /Console +(\S+)/.exec(await gateway.said(/npx artcafe publish/))?.[1] ?? '';
    expect(await (await fetch(page)).text()).toBe('<title>Console</title>');
    await gateway.interrupt();
  });
});

describe('console', () => {
  test('of the laptop: where it is', async () => {
    const page = `${bus.baseUrls.edge.replace('ws', 'http').replace(/\/v1$/, '')}/`;
    expect((await artcafe(['console', ...place])).stdout).toBe(
      `The laptop gateway serves the console: ${page}\n`,
    );
  });

  test('of a deployed stack: served here, with tokens that can only read', async () => {
    const outputs = path.join(folder, 'console-outputs.json');
    const [TokenIssuer, TokenAudience] = ['urn:x', 'x'];
    writeFileSync(
      outputs,
      JSON.stringify({ Bus: { BaseUrl: 'wss://127.0.0.1:1', TokenIssuer, TokenAudience } }),
    );
    const args = ['console', '--context', 'Bus', '--outputs', outputs];
    const packageFolder = path.join(folder, 'package');
    const serving = start(args, { packageFolder });
    const page = /Console: (\S+)/.exec(await serving.said(/Ctrl-C/))?.[1] ?? '';
    expect((await fetch(page)).headers.get('content-security-policy')).toContain(' wss://127.0.0.1:1;');
    const session = (role: string) => fetch(new URL(`_console/session?role=${role}`, page));
    // The stack has no key of its own, which the operator's mint would find first.
    expect(await (await session('observer')).json()).toEqual({
      message: 'Tokens come from urn:x: ask that issuer for one.',
    });
    expect((await session('operator')).status).toBe(403);
    expect((await serving.interrupt()).code).toBe(130);
    await expect(fetch(page)).rejects.toThrow();
  });
});

test('cost estimates a load', async () => {
  const { stdout } = await artcafe(['cost', '--rate', '2', '--json']);
  expect(objectsIn(stdout)[0]).toMatchObject({ load: { rate: 2 }, publishes: 51_840_000 });
  expect((await artcafe(['cost', '--rate', '0'])).code).toBe(2);
});

describe('help', () => {
  const silent = { write: () => undefined, complain: () => undefined } as never;
  const names = programFor(silent).commands.map((command) => command.name());

  test.each(names)('%s --help has examples and runs nothing', async (name) => {
    // With arguments that would run it.
    const { code, stdout, stderr } = await artcafe([name, 'a', 'b', '--help', '--url', 'ws://127.0.0.1:1']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^Usage: artcafe ${name}`));
    expect(stdout).toMatch(/\nExamples:\n {2}\$ artcafe /);
  });

  test('without a command: what there is; an unknown one is wrong use', async () => {
    expect(await artcafe([])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Usage: artcafe /) });
    expect(await artcafe(['pubilsh'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Did you mean publish?'),
    });
  });

  test('colours only on a terminal', async () => {
    const args = ['doctor', ...place];
    expect((await artcafe(args)).stdout).not.toContain('\u001b');
    expect((await artcafe(args, { isTerminal: true })).stdout).toContain('\u001b[32m');
  });
});

describe('orders', () => {
  test('block, unrevoke and kick', async () => {
    const tenant = fresh('t');
    const whom = ['--tenant', tenant, '--agent', 'mallory', ...place];
    const client = await bus.connect({ tenant, agent: 'mallory' }, { level: 1 });
    expect(await artcafe(['block', ...whom, '--json'])).toEqual({
      code: 0,
      stdout: '{"action":"block","closed":1}\n',
      stderr: '',
    });
    await client.closed;
    expect(await statusOf(await bus.urlFor({ tenant, agent: 'mallory' }))).toBe(401);
    expect((await artcafe(['unrevoke', ...whom])).stdout).toBe(
      'Tokens are good again. Connections closed: 0.\n',
    );
    expect(await statusOf(await bus.urlFor({ tenant, agent: 'mallory' }))).toBe(101);
    await bus.connect({ tenant, agent: 'mallory' });
    expect((await artcafe(['kick', ...whom])).stdout).toMatch(
      /^Tokens stay good\. Connections closed: [12]\.\n$/,
    );
  });

  test('revoke until a moment; one that is none is wrong use', async () => {
    const whom = ['--tenant', fresh('t'), ...place];
    const past = await artcafe(['revoke', ...whom, '--issued-up-to', '2020-01-01T00:00:00Z']);
    expect(past.stdout).toBe('Tokens issued until then are refused. Connections closed: 0.\n');
    expect((await artcafe(['revoke', ...whom, '--issued-up-to', 'noon'])).code).toBe(2);
  });

  test('a token without its agent is wrong use', async () => {
    const { code, stderr } = await artcafe(['revoke', '--tenant', 't', '--jti', 'j', ...place]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: '"jti" needs "agent_id".\n' });
  });
});

describe('erase', () => {
  const talk = async (tenant: string) => {
    const alice = await bus.connect({ tenant, agent: 'alice' }, { level: 1, channel: 'c' });
    expect(await alice.request({ type: 'message', id: 'm', content: 1 })).toMatchObject({ type: 'ACK' });
  };

  test('asks for the name, and reports what is gone and what remains until when', async () => {
    const tenant = fresh('t');
    await talk(tenant);
    const whom = ['erase', '--tenant', tenant, '--agent', 'alice', ...place];
    const wrong = await artcafe(whom, { hasTypist: true, input: ['bob'] });
    expect({ code: wrong.code, stdout: wrong.stdout }).toEqual({ code: 2, stdout: '' });
    expect(wrong.stderr).toMatch(/Type alice to go on: Nothing was erased\.\n$/);
    const { code, stdout } = await artcafe(whom, { hasTypist: true, input: ['alice'] });
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^Erased: 1 messages, 1 agents, 0 failed events\. Channels gone through: 1\. Connections closed: 1\.\nRemains, /,
    );
    expect(stdout).toMatch(/\n {2}\d{4}-\d\d-\d\d {2}the audit log \(ids\)\n/);
  });

  test('a whole tenant with --yes, as JSON; without a typist it needs --yes', async () => {
    const tenant = fresh('t');
    await talk(tenant);
    const whom = ['erase', '--tenant', tenant, ...place];
    expect(await artcafe(whom)).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('--yes'),
    });
    const { code, stdout } = await artcafe([...whom, '--yes', '--json']);
    expect(code).toBe(0);
    expect(objectsIn(stdout)).toEqual([
      {
        action: 'erase',
        ...{ closed: 1, messages: 1, channels: 1, agents: 1, connected: 0, failures: 0 },
        remains: expect.objectContaining({ logs: expect.stringMatching(/Z$/) }),
      },
    ]);
  });
});
