/** Both senders keep the port's promises; what only the lean one promises stands below the suite. */
import { execFile } from 'node:child_process';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { ApiGatewaySender } from '../../lambda/aws/calls/api-gateway-sender';
import { createSender, senderKinds } from '../../lambda/aws/calls/create-sender';
import { LambdaInvoker } from '../../lambda/aws/calls/lambda-invoker';
import { LeanSender } from '../../lambda/aws/calls/lean-sender';
import { ServiceTime } from '../../lambda/aws/service-time';
import { signedPost } from '../../lambda/aws/calls/signed-post';
import { senderSuite } from './sender.suite';

describe.each(senderKinds)('the %s sender', (kind) => {
  senderSuite(kind, (callbackUrl) => createSender(kind, callbackUrl));
});

const env = { AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret' };

/** As AWS does: what is signed for a time over five minutes off is refused, and the answer says what time it is. */
function timeKeeper(served: string[]) {
  return createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      const date = String(request.headers['x-amz-date']);
      const signedAt = Date.parse(date.replace(/(....)(..)(..)T(..)(..)(..)Z/, '$1-$2-$3T$4:$5:$6Z'));
      const isMistimed = Math.abs(signedAt - new Date().getTime()) > 300_000;
      served.push(isMistimed ? 'refused' : 'served');
      const type = { 'x-amzn-errortype': 'InvalidSignatureException' };
      response.writeHead(isMistimed ? 403 : 202, isMistimed ? type : {}).end('{}');
    });
  });
}

describe.each([-302_000, -240_000, 240_000, 302_000])('on a machine whose clock is %d ms off', (skewMs) => {
  const served: string[] = [];
  const server = timeKeeper(served);
  let url: string;

  beforeAll(async () => {
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    jest.spyOn(Date, 'now').mockImplementation(() => new Date().getTime() + skewMs);
  });
  beforeEach(() => {
    served.length = 0;
  });
  afterAll(async () => {
    jest.restoreAllMocks();
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  });
  const expected = (calls: number): string[] => [
    ...(Math.abs(skewMs) >= 300_000 ? ['refused'] : []),
    ...Array.from({ length: calls }, () => 'served'),
  ];

  test.each(senderKinds)('the %s sender is refused once at most, and its posts arrive', async (kind) => {
    const sender =
      kind === 'lean' ? new LeanSender(`${url}/ws`, env, new ServiceTime()) : createSender(kind, `${url}/ws`);
    const outcomes = [];
    for (let post = 0; post < 3; post++) outcomes.push(await sender.post('a=', '{}', 1_000));
    expect(outcomes).toEqual(['delivered', 'delivered', 'delivered']);
    expect(served).toEqual(expected(3));
  });

  test('functions are started', async () => {
    const invoker = new LambdaInvoker({ ...env, AWS_ENDPOINT_URL_LAMBDA: url }, new ServiceTime());
    for (let event = 0; event < 2; event++) await invoker.start('f', {});
    expect(served).toEqual(expected(2));
  });

  test('the key is read', async () => {
    const call = {
      service: 'kms',
      region: 'us-east-1',
      url: new URL(url),
      contentType: 'application/json',
      serviceHeaders: {},
      body: '{}',
      timeoutMs: 1_000,
    };
    const time = new ServiceTime();
    const answers = [await signedPost(call, env, time), await signedPost(call, env, time)];
    expect(answers.map(({ status }) => status)).toEqual([202, 202]);
    expect(served).toEqual(expected(2));
  });
});

describe('the lean sender', () => {
  let server: Server;
  let answer: (request: IncomingMessage, response: ServerResponse) => void;
  let url: string;

  beforeAll(async () => {
    server = createServer((request, response) => {
      request.resume();
      request.on('end', () => {
        answer(request, response);
      });
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/ws`;
  });

  afterAll(async () => {
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  });

  // API Gateway may close a kept socket at any time; a function that was frozen learns of it by using the socket.
  test('posts again on a new socket when the kept one turns out to be closed', async () => {
    const seen = new Set<unknown>();
    let cuts = 0;
    answer = (request, response) => {
      if (seen.has(request.socket)) {
        cuts += 1;
        request.socket.destroy();
        return;
      }
      seen.add(request.socket);
      response.end();
    };
    const sender = new LeanSender(url);
    const outcomes = [];
    for (let post = 0; post < 4; post++) outcomes.push(await sender.post('a=', '{}', 1_000));
    expect(outcomes).toEqual(['delivered', 'delivered', 'delivered', 'delivered']);
    expect(cuts).toBe(3);
  });

  test('does so once: a server that always cuts is a failure', async () => {
    let requests = 0;
    answer = (request, response) => {
      requests += 1;
      if (requests === 1) response.end();
      else request.socket.destroy();
    };
    const sender = new LeanSender(url);
    expect(await sender.post('a=', '{}', 1_000)).toBe('delivered');
    expect(await sender.post('a=', '{}', 1_000)).toBe('failed');
    expect(requests).toBe(3);
  });

  test('holds 200 calls in flight, and no more', async () => {
    let inFlight = 0;
    let most = 0;
    const waiting: ServerResponse[] = [];
    answer = (_, response) => {
      most = Math.max(most, (inFlight += 1));
      waiting.push(response);
      if (waiting.length < 200) return;
      for (const each of waiting.splice(0)) {
        inFlight -= 1;
        each.end();
      }
    };
    const sender = new LeanSender(url);
    const posts = Array.from({ length: 400 }, (_, index) => sender.post(`c${index}=`, '{}', 20_000));
    expect(new Set(await Promise.all(posts))).toEqual(new Set(['delivered']));
    expect(most).toBe(200);
  });

  test('signs every call with the credentials of that moment', async () => {
    const given: string[] = [];
    answer = (request, response) => {
      const { authorization = '', 'x-amz-security-token': token } = request.headers;
      given.push(`${/Credential=(\w+)/.exec(authorization)?.[1] ?? ''} ${String(token)}`);
      response.end();
    };
    const env: NodeJS.ProcessEnv = { AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'first' };
    env.AWS_SECRET_ACCESS_KEY = 's1';
    const sender = new LeanSender(url, env);
    await sender.post('a=', '{}', 1_000);
    Object.assign(env, { AWS_ACCESS_KEY_ID: 'second', AWS_SECRET_ACCESS_KEY: 's2', AWS_SESSION_TOKEN: 't' });
    await sender.post('a=', '{}', 1_000);
    expect(given).toEqual(['first undefined', 'second t']);
  });

  // Ciphers without a certificate, so that the test needs no key of its own.
  const overTls = async (env: NodeJS.ProcessEnv, program = 'tls'): Promise<unknown> => {
    const options = ['--tls-cipher-list=aNULL:@SECLEVEL=0', '--tls-max-v1.2', '--import', 'tsx'];
    const file = `test/contract/${program}.ts`;
    const { stdout } = await promisify(execFile)(process.execPath, [...options, file], {
      env: { ...process.env, ...env },
    });
    return JSON.parse(stdout);
  };

  test('posts over TLS', async () => {
    expect(await overTls({ NODE_TLS_REJECT_UNAUTHORIZED: '0' })).toEqual({
      outcomes: ['delivered', 'delivered', 'gone'],
      sockets: 1,
      requests: 3,
    });
  });

  // Each takes processor time that the posts of a small function need (docs/adr/013-posts-on-plain-sockets.md).
  test('opens its first socket alone, and then four at a time', async () => {
    expect(await overTls({ NODE_TLS_REJECT_UNAUTHORIZED: '0' }, 'slow-handshakes')).toEqual({
      most: { first: 1, later: 4 },
      delivered: 20,
    });
  });

  test('sends nothing to a server that has no certificate', async () => {
    expect(await overTls({})).toMatchObject({ outcomes: ['lost', 'lost', 'lost'], requests: 0 });
  });
});

test('the setting chooses the sender', async () => {
  expect(createSender('lean', 'http://127.0.0.1:9/ws')).toBeInstanceOf(LeanSender);
  const posts = jest.spyOn(ApiGatewaySender.prototype, 'post').mockResolvedValue('delivered');
  expect(await createSender('sdk', 'http://127.0.0.1:9/ws').post('a=', '{}', 1_000)).toBe('delivered');
  expect(posts).toHaveBeenCalledWith('a=', '{}', 1_000);
});
