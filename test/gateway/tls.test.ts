/** TLS before the gateway's port; the functions keep the plain one. */
import { readFileSync } from 'node:fs';
import WebSocket from 'ws';
import { makeCertificate } from '../../gateway';
import { temporaryFolder } from './helpers/assembly';
import { run, stopAll } from './helpers/running';

afterAll(() => stopAll());

const files = makeCertificate(temporaryFolder());
/** Node makes no certificates; openssl is missing on some machines. */
const withOpenssl = files === undefined ? test.skip : test;

withOpenssl('clients connect with TLS, and the callback of the functions is plain', async () => {
  const { certificate } = files!;
  const { gateway, url } = await run({}, { tls: files! });
  expect(url).toMatch(/^wss:/);
  expect(gateway.endpoints.callback).toMatch(/^http:/);
  const socket = new WebSocket(url, { ca: readFileSync(certificate) });
  await new Promise((resolve, reject) => {
    socket.on('open', resolve);
    socket.on('error', reject);
  });
  const [connection] = gateway.connections();
  const posted = await fetch(`${gateway.endpoints.callback}/@connections/${connection!.connectionId}`, {
    method: 'GET',
    headers: {
      authorization: 'AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/execute-api/aws4_request',
    },
  });
  expect(posted.status).not.toBe(410);
  socket.terminate();
});

withOpenssl('a client that does not trust the certificate gets no connection', async () => {
  const { url } = await run({}, { tls: files! });
  const socket = new WebSocket(url);
  await expect(
    new Promise((resolve, reject) => {
      socket.on('open', resolve);
      socket.on('error', reject);
    }),
  ).rejects.toThrow(/self-signed|self signed/);
});
