/**
 * Two MCP servers as hosts start them, each a process of its own, exchange 1,000 messages while both are killed again and again.
 * Nothing is lost. What comes twice has the same id.
 */
import path from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { Bus, fresh } from '../helpers/bus';

const repository = path.join(__dirname, '../..');
const messages = 500;
const kills = 3;

let bus: Bus;
const open = new Set<Client>();
beforeAll(async () => {
  bus = await Bus.start();
});
afterAll(async () => {
  await Promise.all([...open].map((client) => client.close()));
  await bus.stop();
});

interface Started {
  readonly client: Client;
  readonly kill: () => void;
}

async function startServer(tenant: string, agent: string): Promise<Started> {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [
      '--import',
      'tsx',
      'cli/main.ts',
      'mcp',
      '--tenant',
      tenant,
      '--agent',
      agent,
      '--url',
      bus.baseUrls.edge,
    ],
    cwd: repository,
    stderr: 'ignore',
  });
  const client = new Client({ name: agent, version: '1' });
  await client.connect(transport, { timeout: 120_000 });
  open.add(client);
  const { pid } = transport;
  const kill = () => {
    open.delete(client);
    if (pid !== null) process.kill(pid, 'SIGKILL');
  };
  return { client, kill };
}

interface Taken {
  readonly messages?: readonly { readonly id: string }[];
}

/** One agent: sends all its messages, takes all those of the other one; its server is killed on the way. */
async function exchange(tenant: string, agent: string, peer: string): Promise<Set<string>> {
  const ids = new Set<string>();
  let sent = 0;
  let killed = 0;
  let server = await startServer(tenant, agent);
  const send = async () => {
    if (sent >= messages) return;
    await server.client.callTool({
      name: 'send',
      arguments: { to: peer, content: sent, id: `${agent}-${sent}` },
    });
    // Counted only when the result is here: otherwise it is sent again, with the same id.
    sent += 1;
  };
  const take = async () => {
    const patience = { timeout_seconds: sent < messages ? 0 : 5 };
    const result = await server.client.callTool({ name: 'wait_for_message', arguments: patience });
    for (const { id } of (result.structuredContent as Taken).messages ?? []) ids.add(id);
  };
  while (sent < messages || ids.size < messages) {
    const isTime = killed < kills && ids.size > ((killed + 1) * messages) / (kills + 1);
    const work = Promise.allSettled([send(), take()]);
    if (isTime) {
      // In the middle of both calls.
      server.kill();
      killed += 1;
    }
    await work;
    if (isTime) server = await startServer(tenant, agent);
  }
  expect(killed).toBe(kills);
  return ids;
}

test('1,000 messages over restarts of both: none is lost', async () => {
  const tenant = fresh('t');
  const [alice, bob] = await Promise.all([
    exchange(tenant, 'alice', 'bob'),
    exchange(tenant, 'bob', 'alice'),
  ]);
  const expected = (agent: string) =>
    Array.from({ length: messages }, (_, index) => `${agent}-${index}`).sort();
  expect([...alice].sort()).toEqual(expected('bob'));
  expect([...bob].sort()).toEqual(expected('alice'));
});
