/**
 * Prints how many TLS handshakes a fresh sender has under way at once: before the first one is through, and at most. The
 * server begins each handshake late, and answers nothing before every post has a socket of its own. A process of its own, for its options.
 */
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { ServerResponse } from 'node:http';
import { LeanSender } from '../../lambda/aws/calls/lean-sender';

const posts = 20;
const handshakeDelayMs = 100;
const patienceMs = 30_000;
let opening = 0;
const most = { first: 0, later: 0 };
let phase: keyof typeof most = 'first';
const unanswered: ServerResponse[] = [];

const secure = createSecureServer((request, response) => {
  request.resume();
  unanswered.push(response);
  if (unanswered.length === posts) for (const each of unanswered) each.end();
});
secure.on('secureConnection', () => (phase = 'later'));
const server = createServer((socket: Socket) => {
  opening += 1;
  most[phase] = Math.max(most[phase], opening);
  setTimeout(() => {
    // Before the handshake, whose end the sender may hear first.
    opening -= 1;
    secure.emit('connection', socket);
  }, handshakeDelayMs);
});
server.listen(0, '127.0.0.1', () => {
  const sender = new LeanSender(`https://127.0.0.1:${(server.address() as AddressInfo).port}/ws`);
  const all = Array.from({ length: posts }, (_, index) => sender.post(`a${index}=`, '{}', patienceMs));
  void Promise.all(all).then((outcomes) => {
    const delivered = outcomes.filter((outcome) => outcome === 'delivered').length;
    process.stdout.write(JSON.stringify({ most, delivered }));
    process.exit();
  });
});
