/** `artcafe channels` and `tail`, against the laptop gateway: what the directory of channels lists, also what begins later. */
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { fresh } from '../helpers/bus';
import { useBus } from '../helpers/use-bus';
import { artcafe, objectsIn, start } from './command-line';
import { tenantOf } from './wide-tenant';

const bus = useBus();
let place: string[];

beforeAll(() => {
  place = ['--url', bus.baseUrls.edge];
});

const publish = async (tenant: string, channel: string, content: string) => {
  const { code } = await artcafe(['publish', channel, content, '--tenant', tenant, ...place]);
  expect(code).toBe(0);
};

test('channels lists the end of each log; of another tenant nothing', async () => {
  const tenant = fresh('t');
  await publish(tenant, 'orders', 'one');
  await publish(tenant, 'orders', 'two');
  await publish(tenant, 'lobby', 'one');
  const { stdout } = await artcafe(['channels', '--tenant', tenant, '--json', ...place]);
  expect(objectsIn(stdout)).toMatchObject([
    { channel_id: 'lobby', sequence: 1 },
    { channel_id: 'orders', sequence: 2 },
  ]);
  const readable = await artcafe(['channels', '--tenant', tenant, ...place]);
  expect(readable.stdout).toMatch(/^\S+Z lobby #1\n\S+Z orders #2\n$/);
  expect((await artcafe(['channels', '--tenant', fresh('t'), ...place])).stdout).toBe('');
});

test('channels with a bad token: one sentence and exit code 4', async () => {
  const { code, stderr } = await artcafe(['channels', '--token', 'a.b.c', ...place]);
  expect(code).toBe(4);
  expect(stderr).toMatch(/^The HTTP API at http:\/\/127\.0\.0\.1:\d+ refuses with 401 \(unauthorized\)\.\n$/);
});

test('tail prints the messages of all channels, and within 15 s of one that is new, from its beginning', async () => {
  const tenant = fresh('t');
  await publish(tenant, 'orders', 'before');
  const tail = start(['tail', '--tenant', tenant, '--json', ...place]);
  const isRead = async () => {
    // Nothing of what there was is printed, so that only a message shows that it reads.
    for (let n = 1; ; n++) {
      await publish(tenant, 'orders', `live ${n}`);
      const printed = tail.said(/live/).then(() => true);
      if (await Promise.race([printed, pause(500).then(() => false)])) return;
    }
  };
  await isRead();
  const began = Date.now();
  await publish(tenant, 'attic', 'first');
  const text = await tail.said(/"first"/);
  expect(Date.now() - began).toBeLessThan(15_000);
  expect(text).not.toContain('before');
  await publish(tenant, 'attic', 'second');
  await tail.interrupt();
});

test('tail goes on when a listing fails, says so, and sees new channels with the next one', async () => {
  const tenant = fresh('t');
  await publish(tenant, 'orders', 'before');
  const token = await bus.token({ tenant, agent: 'watcher' });
  let listings = 0;
  const unsteady = await front(() => (++listings === 2 ? { status: 503, body: {} } : undefined));
  const tail = start(['tail', '--token', token, '--json', '--url', unsteady.url]);
  try {
    await tail.said(/New channels are not seen: The HTTP API at \S+ refuses with 503/);
    await publish(tenant, 'orders', 'live');
    await tail.said(/"live"/);
    await publish(tenant, 'attic', 'first');
    await tail.said(/"first"/);
  } finally {
    await tail.interrupt();
    unsteady.close();
  }
});

test('tail follows 1,000 channels on ten connections, and says once that there are more', async () => {
  const names = Array.from({ length: 1_001 }, (_, n) => `c${String(n + 1).padStart(4, '0')}`);
  const wide = await tenantOf(names);
  const tail = start(['tail', '--token', 'any', '--url', wide.url], { isTerminal: true });
  try {
    await tail.said(/1000 channels\. Ctrl-C ends/);
    expect([...wide.followed()].sort()).toEqual(names.slice(0, 1_000));
    await wide.hasListed(2);
    expect(wide.connections()).toBe(10);
    wide.post('c1000', 'the thousandth');
    await tail.said(/c1000 #2.*the thousandth/);
  } finally {
    const { stderr } = await tail.interrupt();
    wide.close();
    expect(stderr.match(/There are more than 1000 channels; the others are not shown\./g)).toHaveLength(1);
  }
});

interface Listing {
  readonly status: number;
  readonly body: object;
}

/** In front of the gateway: answers requests for channels itself, where `listing` has an answer. */
async function front(
  listing: (after: string | null) => Listing | undefined,
): Promise<{ readonly url: string; readonly close: () => void }> {
  const gateway = new URL(bus.baseUrls.edge.replace('ws', 'http'));
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', gateway);
    const own = pathname === '/v1/channels' ? listing(searchParams.get('after')) : undefined;
    if (own !== undefined) {
      response.writeHead(own.status).end(JSON.stringify(own.body));
      return;
    }
    const { authorization = '' } = request.headers;
    const asked = fetch(new URL(request.url ?? '/', gateway), { headers: { authorization } });
    void asked.then(async (answer) => response.writeHead(answer.status).end(await answer.text()));
  });
  server.on('upgrade', ({ url, rawHeaders }, socket) => {
    const lines = rawHeaders.flatMap((name, n) => (n % 2 === 0 ? [`${name}: ${rawHeaders[n + 1]}`] : []));
    const there = connect(Number(gateway.port), gateway.hostname, () => {
      there.write(`GET ${url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
      there.pipe(socket).pipe(there);
    });
    there.on('error', () => socket.destroy());
    socket.on('error', () => there.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `ws://127.0.0.1:${port}/v1`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
