/**
 * The page of examples/watch.html in a real Chromium: 200 messages while its connection is cut again and again.
 * Run by `npm run suite browser`; says so and passes where there is no Chromium.
 */
import { execFileSync } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import WebSocket from 'ws';
import { PubSub } from '../../clients/javascript/index';
import { Bus } from '../helpers/bus';
import { eventually } from '../helpers/eventually';
import { startTcpProxy } from '../helpers/tcp-proxy';
import { executablePath, launchChromium } from './helpers/chromium';

const repository = path.join(__dirname, '../..');
/** The files of the page, and tokens for it. */
async function servePage(token: () => Promise<string>): Promise<Server> {
  const page = readFileSync(path.join(repository, 'examples/watch.html'));
  const script = readFileSync(path.join(repository, 'clients/javascript/dist/index.mjs'));
  const server = createServer((request, response) => {
    if (request.url === '/token') void token().then((text) => response.end(text));
    else if (request.url === '/pubsub.mjs') response.setHeader('content-type', 'text/javascript').end(script);
    else response.setHeader('content-type', 'text/html').end(page);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

if (executablePath === undefined) {
  test.skip('a page watches a channel (left out: there is no Chromium on this machine)', () => undefined);
} else {
  test('a page watches a channel: 200 messages, none lost, doubled or out of order', async () => {
    const closing: (() => unknown)[] = [];
    try {
      execFileSync(process.execPath, ['clients/javascript/build.mjs'], { cwd: repository });
      const bus = await Bus.start();
      closing.push(() => bus.stop());
      const who = { tenant: 'demo', agent: 'page' };
      const server = await servePage(() => bus.token(who));
      closing.push(() => server.close());
      const edge = new URL(bus.baseUrls.edge);
      const proxy = await startTcpProxy(Number(edge.port));
      closing.push(() => proxy.close());
      edge.port = String(proxy.port);
      const browser = await launchChromium();
      closing.push(() => browser.close());
      const page = await browser.newPage();
      const { port } = server.address() as AddressInfo;
      const url = edge.href.replace(/\/$/, '');
      await page.goto(`http://127.0.0.1:${port}/watch?channel=lobby&url=${encodeURIComponent(url)}`);
      await page.getByText('watching').waitFor();

      const sender = new PubSub({
        url: bus.baseUrls.edge,
        token: () => bus.token({ tenant: 'demo', agent: 'sender' }),
        WebSocket,
      });
      closing.push(() => sender.close());
      await sender.connect();
      for (let index = 0; index < 200; index++) {
        if (index % 50 === 25) proxy.cut();
        await sender.channel('lobby').publish(index);
      }

      const lines = await eventually(
        () => page.locator('li').allTextContents(),
        (texts) => texts.length >= 200,
      );
      expect(lines).toEqual(Array.from({ length: 200 }, (_, index) => `sender: ${index}`));
    } finally {
      for (const close of closing.reverse()) await close();
    }
  });
}
