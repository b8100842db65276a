/**
 * Serves a page that watches a channel, with tokens for it. `node examples/watch.mjs` beside `npm start`, then open the link.
 */
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { tokenFor, url } from './bus.mjs';

const files = {
  '/watch': ['text/html', path.join(import.meta.dirname, 'watch.html')],
  '/pubsub.mjs': ['text/javascript', path.join(import.meta.dirname, '../clients/javascript/dist/index.mjs')],
};

const server = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, 'http://localhost');
  if (pathname === '/token') {
    response.end(tokenFor('page'));
    return;
  }
  const [type, file] = files[pathname] ?? [];
  if (file === undefined) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, { 'content-type': type }).end(await readFile(file));
});

server.listen(Number(process.env.PORT ?? 8788), '127.0.0.1', () => {
  const { port } = server.address();
  console.log(`http://127.0.0.1:${port}/watch?channel=lobby&url=${encodeURIComponent(url)}`);
});
