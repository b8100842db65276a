/**
 * The MCP server under the official conformance runner, as part of `npm run suite mcp`. The runner speaks HTTP only, so this puts
 * the server that `artcafe mcp` runs behind the SDK's own HTTP transport. Its other scenarios need the tools, prompts and
 * resources of a server that is made for them.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { PubSub } from '@artcafe/pubsub';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import WebSocket from 'ws';
import { mcpServer } from '../../cli/mcp/server';
import { contextOf } from '../../cli/context/context';
import { mintToken } from '../../cli/context/tokens';
import { startGateway } from '../../gateway/index';
import { assemblyFor } from '../helpers/assembly';
import { runSuite, type Scratch, scratchFolder } from './scratch';

/** The last one that runs on Node 20. */
const runner = '@modelcontextprotocol/conformance@0.1.13';
const scenarios = [
  'server-initialize',
  'ping',
  'logging-set-level',
  'tools-list',
  'resources-list',
  'resources-subscribe',
  'resources-unsubscribe',
];

async function main(): Promise<void> {
  const scratch = scratchFolder();
  const folder = mkdtempSync(path.join(tmpdir(), 'artcafe-mcp-'));
  try {
    scratch.install(runner);
    const gateway = await startGateway({
      assembly: await assemblyFor(),
      keyFile: path.join(folder, 'key.pem'),
    });
    try {
      await conformsAt(gateway.urls.edge ?? gateway.urls.base, scratch);
    } finally {
      await gateway.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
    scratch.remove();
  }
}

async function conformsAt(url: string, scratch: Scratch): Promise<void> {
  const context = await contextOf({ url }, { environment: {}, directory: scratch.folder } as never);
  const token = () => mintToken(context, { tenant: 'demo', agent: 'model' });
  const bus = new PubSub({ url, token, WebSocket, observer: true });
  await bus.connect();
  const http = createServer((request, response) => void serve(bus, request, response)).listen(0, '127.0.0.1');
  await once(http, 'listening');
  try {
    const { port } = http.address() as AddressInfo;
    for (const scenario of scenarios) await passes(scenario, `http://127.0.0.1:${port}/mcp`, scratch);
  } finally {
    http.close();
    http.closeAllConnections();
    await bus.close();
  }
}

async function serve(bus: PubSub, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const server = await mcpServer(bus, () => Promise.resolve([]));
  const transport = new StreamableHTTPServerTransport({});
  response.on('close', () => void server.close());
  await server.connect(transport);
  await transport.handleRequest(request, response);
}

async function passes(scenario: string, url: string, scratch: Scratch): Promise<void> {
  const command = path.join(scratch.folder, 'node_modules/.bin/conformance');
  // Not `scratch.run`, which would block this process, and the server is in it.
  const child = spawn(command, ['server', '--url', url, '--scenario', scenario], { cwd: scratch.folder });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${scenario} fails:\n${said}`);
  console.log(`${scenario}: good`);
}

void runSuite(main);
