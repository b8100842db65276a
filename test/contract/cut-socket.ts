/**
 * Prints what the sender makes of a socket that is cut before the answer. A process of its own: inside jest, errors of
 * Node's core are not `instanceof Error`, and the SDK wraps those beyond recognition.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createSender, type SenderKind } from '../../lambda/aws/calls/create-sender';

const server = createServer((request) => request.socket.destroy());
server.listen(0, '127.0.0.1', () => {
  const sender = createSender(
    process.argv[2] as SenderKind,
    `http://127.0.0.1:${(server.address() as AddressInfo).port}/ws`,
  );
  void sender.post('a=', '{}', 1_000).then((outcome) => {
    process.stdout.write(outcome);
    server.close();
  });
});
