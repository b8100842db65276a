/** A sender against an HTTP server that answers as the management API does (its own page in the AWS reference). */
import { execFile } from 'node:child_process';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import type { SenderKind } from '../../lambda/aws/calls/create-sender';
import type { ConnectionCloser, ConnectionSender } from '../../lambda/shared/ports';

const hangingMs = 50;

export function senderSuite(
  kind: SenderKind,
  create: (callbackUrl: string) => ConnectionSender & ConnectionCloser,
): void {
  let server: Server;
  let answer: RequestListener;
  let sender: ConnectionSender & ConnectionCloser;
  let requests: {
    method: string | undefined;
    url: string | undefined;
    body: string;
    authorization: string;
  }[];
  /** Sockets that the server has seen. */
  let sockets: number;

  beforeAll(async () => {
    process.env.AWS_REGION = 'us-east-1';
    process.env.AWS_ACCESS_KEY_ID = 'local';
    process.env.AWS_SECRET_ACCESS_KEY = 'local';
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { method, url, headers } = request;
        const body = Buffer.concat(chunks).toString();
        requests.push({ method, url, body, authorization: headers.authorization ?? '' });
        answer(request, response);
      });
    });
    server.on('connection', () => (sockets += 1));
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
  });

  beforeEach(() => {
    requests = [];
    sockets = 0;
    sender = create(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}/ws`);
  });

  afterAll(async () => {
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  });

  const answerWith =
    (status: number, errorType?: string): RequestListener =>
    (_, response) => {
      response.writeHead(status, {
        'content-type': 'application/json',
        ...(errorType && { 'x-amzn-errortype': errorType }),
      });
      response.end(status < 300 ? '' : JSON.stringify({ message: 'reason' }));
    };

  test('posts the text, signed, to the encoded id', async () => {
    answer = answerWith(200);
    expect(await sender.post('a-_/b=', '{"content":"ä"}', 1_000)).toBe('delivered');
    expect(requests).toMatchObject([
      { method: 'POST', url: '/ws/@connections/a-_%2Fb%3D', body: '{"content":"ä"}' },
    ]);
    expect(requests[0]?.authorization).toMatch(/^AWS4-HMAC-SHA256 .*\/us-east-1\/execute-api\/aws4_request/);
  });

  test.each([
    [410, 'GoneException', 'gone'],
    [429, 'LimitExceededException', 'throttled'],
    [500, undefined, 'failed'],
    [503, 'ServiceUnavailable', 'failed'],
    [403, 'ForbiddenException', 'refused'],
    [413, 'PayloadTooLargeException', 'refused'],
  ])('understands %s %s as %s, in one attempt', async (status, errorType, expected) => {
    answer = answerWith(status, errorType);
    expect(await sender.post('a=', '{}', 1_000)).toBe(expected);
    expect(requests).toHaveLength(1);
  });

  test('keeps its socket, whatever the answers', async () => {
    for (const status of [200, 429, 410, 500, 200]) {
      answer = answerWith(status);
      await sender.post('a=', '{}', 1_000);
    }
    expect([requests.length, sockets]).toEqual([5, 1]);
  });

  test('gives up on a post that hangs', async () => {
    answer = () => undefined;
    expect(await sender.post('a=', '{}', hangingMs)).toBe('lost');
  });

  test('gives up on an answer that hangs', async () => {
    answer = (_, response) => response.writeHead(500, { 'content-length': 10 }).write('begun');
    expect(['failed', 'lost']).toContain(await sender.post('a=', '{}', hangingMs));
  });

  test('calls a cut socket failed', async () => {
    const script = ['--import', 'tsx', 'test/contract/cut-socket.ts', kind];
    const { stdout } = await promisify(execFile)(process.execPath, script, { env: process.env });
    expect(stdout).toBe('failed');
  });

  test('closes a connection, and does not mind one that is closed already', async () => {
    answer = answerWith(204);
    expect(await sender.close('a=')).toBe('closed');
    expect(requests).toMatchObject([{ method: 'DELETE', url: '/ws/@connections/a%3D' }]);
    answer = answerWith(410, 'GoneException');
    expect(await sender.close('a=')).toBe('closed');
    answer = answerWith(500);
    expect(await sender.close('a=')).toBe('unknown');
    answer = answerWith(403, 'ForbiddenException');
    expect(await sender.close('a=')).toBe('unknown');
  });

  test('asks for the status of a connection', async () => {
    answer = answerWith(200);
    expect(await sender.status('a=')).toBe('open');
    expect(requests).toMatchObject([{ method: 'GET', url: '/ws/@connections/a%3D' }]);
    answer = answerWith(410, 'GoneException');
    expect(await sender.status('a=')).toBe('gone');
    answer = answerWith(500);
    expect(await sender.status('a=')).toBe('unknown');
  });
}
