/** Prints what came of three posts over TLS, how many sockets they took, and what the server got. A process of its own, for its options. */
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { LeanSender } from '../../lambda/aws/calls/lean-sender';

let sockets = 0;
let requests = 0;
const answers = [200, 200, 410];
const server = createServer((request, response) => {
  requests += 1;
  request.resume();
  response.writeHead(answers.shift() ?? 500).end();
});
server.on('secureConnection', () => (sockets += 1));
server.listen(0, '127.0.0.1', () => {
  const sender = new LeanSender(`https://127.0.0.1:${(server.address() as AddressInfo).port}/ws`);
  void (async () => {
    const outcomes: string[] = [];
    for (let post = 0; post < 3; post++) outcomes.push(await sender.post('a=', '{}', 5_000));
    process.stdout.write(JSON.stringify({ outcomes, sockets, requests }));
    server.close();
    server.closeAllConnections();
  })();
});
