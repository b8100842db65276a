/**
 * Only `artcafe token` prints tokens. Every command of the program runs here, with and without `--json`, and does or does not do
 * what it should; `command-line.ts` looks through all that it says.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Command } from 'commander';
import { programFor } from '../../cli/program';
import { assemblyFor } from '../helpers/assembly';
import { fresh } from '../helpers/bus';
import { freePort } from '../helpers/processes';
import { useBus } from '../helpers/use-bus';
import { artcafe, type CommandOptions, holdsToken, start } from './command-line';

const bus = useBus();
let place: string[];
let nobody: string[];
const folder = mkdtempSync(path.join(tmpdir(), 'artcafe-tokens-'));
const silent = { write: () => undefined, complain: () => undefined } as never;
const commands = programFor(silent).commands;

beforeAll(async () => {
  place = ['--url', bus.baseUrls.edge];
  nobody = ['--url', `ws://127.0.0.1:${await freePort()}/v1`];
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** What each command needs besides options of place and person. */
const needed: Readonly<Record<string, readonly string[]>> = {
  start: ['--port', '0'],
  // The toolkit writes to the terminal itself, and gets no token.
  deploy: [],
  destroy: [],
  verify: [],
  doctor: [],
  console: [],
  token: ['--agent', 'a'],
  publish: ['lobby', 'hello'],
  subscribe: ['lobby'],
  request: ['nobody', 'hello', '--timeout', '1s'],
  history: ['lobby'],
  agents: [],
  channels: [],
  tail: [],
  explain: ['lobby', '1'],
  revoke: ['--tenant', 't', '--agent', 'a'],
  block: ['--tenant', 't', '--agent', 'a'],
  unrevoke: ['--tenant', 't', '--agent', 'a'],
  kick: ['--tenant', 't', '--agent', 'a'],
  erase: ['--tenant', 't', '--agent', 'a', '--yes'],
  cost: [],
  mcp: [],
};
/** Run until Ctrl-C, once they have said this. */
const endless: Readonly<Record<string, RegExp>> = { subscribe: /Subscribed as/, tail: /channels\. Ctrl-C/ };
/** `verify` succeeds in test/verify, `mcp` in mcp.test.ts, `start` below; the toolkit is the user's. */
const elsewhere = ['verify', 'mcp', 'start', 'deploy', 'destroy'];

const has = (command: Command, option: string) => command.options.some(({ long }) => long === option);
const forms = (command: Command) => (has(command, '--json') ? [[], ['--json']] : [[]]);
const namesWith = (option: string) =>
  commands.filter((command) => has(command, option)).map((command) => command.name());
const commandOf = (name: string) => commands.find((command) => command.name() === name)!;

/** In both forms, and on a terminal too, which shows more. */
async function outputsOf(name: string, further: readonly string[], options: CommandOptions = {}) {
  const terminals = [false, true];
  const runs = forms(commandOf(name)).flatMap((form) =>
    terminals.map((isTerminal) =>
      artcafe([name, ...needed[name]!, ...further, ...form], { directory: folder, ...options, isTerminal }),
    ),
  );
  return Promise.all(runs);
}

test('every command is here', () => {
  expect(commands.map((command) => command.name()).sort()).toEqual(Object.keys(needed).sort());
});

test('a token would be noticed', async () => {
  const { stdout } = await artcafe(['token', '--agent', 'a', ...place]);
  expect(holdsToken(`ws://host/ws?token=${stdout}`)).toBe(true);
  expect(holdsToken(stdout.split('.')[1]!)).toBe(true);
  expect(holdsToken('{"event":"published","id":"m1"}')).toBe(false);
});

test.each(Object.keys(needed).filter((name) => !elsewhere.includes(name) && !(name in endless)))(
  '%s that does what it should',
  async (name) => {
    const tenant = has(commandOf(name), '--token') ? ['--tenant', fresh('t')] : [];
    if (tenant.length > 0) await artcafe(['publish', 'lobby', 'hello', ...tenant, ...place]);
    const outcomes = await outputsOf(name, [...tenant, ...(has(commandOf(name), '--url') ? place : [])]);
    // A request ends with 5, because nobody answers.
    for (const { code } of outcomes) expect(code).toBe(name === 'request' ? 5 : 0);
  },
);

test.each(Object.keys(endless))('%s, until Ctrl-C', async (name) => {
  const running = start([name, ...needed[name]!, '--tenant', fresh('t'), ...place], { isTerminal: true });
  await running.said(endless[name]!);
  expect((await running.interrupt()).code).toBe(130);
});

test('start, whose functions log connects that are refused', async () => {
  const environment = { XDG_STATE_HOME: folder };
  const running = start(['start', '--port', '0', '--assembly', await assemblyFor()], { environment });
  const welcome = await running.said(/npx artcafe publish/);
  const at = ['--url', /--url (\S+)/.exec(welcome)?.[1] ?? ''];
  const token = await bus.token({ tenant: 't', agent: 'a' });
  expect((await artcafe(['history', 'lobby', '--token', token, ...at])).code).toBe(4);
  expect((await artcafe(['doctor', '--token', token, ...at])).code).toBe(1);
  expect((await running.interrupt()).code).toBe(130);
});

test.each(namesWith('--url'))('%s where nobody answers', async (name) => {
  for (const { code } of await outputsOf(name, nobody)) expect(code).not.toBe(0);
});

describe.each([
  ['of another key', (token: string) => `${token.slice(0, -20)}${'A'.repeat(20)}`],
  ['that is cut off', (token: string) => token.slice(0, -30)],
])('with a token %s', (_, spoil) => {
  test.each(namesWith('--token'))('%s', async (name) => {
    const token = spoil(await bus.token({ tenant: 't', agent: 'a' }));
    const given = await outputsOf(name, ['--token', token, ...place]);
    const inherited = await outputsOf(name, place, { environment: { ARTCAFE_TOKEN: token } });
    for (const { code } of [...given, ...inherited]) expect(code).not.toBe(0);
  });
});

test.each(namesWith('--token'))('%s with a token, where nobody answers', async (name) => {
  const token = await bus.token({ tenant: 't', agent: 'a' });
  const running = start([name, ...needed[name]!, '--token', token, ...nobody]);
  // Those that connect try for a while.
  const hasTried = running.said(/No connection at the moment/).then(() => running.interrupt());
  expect((await Promise.race([running.outcome, hasTried])).code).not.toBe(0);
});

test.each(Object.keys(needed))('%s with its token in the wrong place', async (name) => {
  const token = await bus.token({ tenant: 't', agent: 'a' });
  for (const { code } of await outputsOf(name, [`--tokn=${token}`])) expect(code).toBe(2);
});
