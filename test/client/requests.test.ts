/** Requests between agents of which one comes late, goes away, is twice, or has a wrong clock. */
import type { PubSub, Gap, RequestHandler } from '../../clients/javascript/index';
import type { Timers } from '../../clients/javascript/shared/timers';
import { FakeBus } from '../helpers/fake-bus';

let bus: FakeBus;
let alice: PubSub;

beforeEach(async () => {
  bus = new FakeBus();
  alice = await bus.connected('alice');
});

/** How the request ends, and after how long. */
async function outcome(request: Promise<{ content: unknown }>, limitMs?: number): Promise<[unknown, number]> {
  const startedAt = bus.timers.now();
  const end = request.then(
    ({ content }) => content,
    (error: unknown) => (error as { code: string }).code,
  );
  return [await bus.during(end, limitMs), bus.timers.now() - startedAt];
}

/** A handler that remembers what it was asked. */
function remembering(answer: RequestHandler = (content) => content): {
  asked: unknown[];
  handler: RequestHandler;
} {
  const asked: unknown[] = [];
  return {
    asked,
    handler: (content, message) => {
      asked.push(content);
      return answer(content, message);
    },
  };
}

/** The same time, told by a clock that is wrong. */
function wrongBy(ms: number): Timers {
  const { timers } = bus;
  return {
    now: () => timers.now(),
    date: () => timers.now() + ms,
    random: () => timers.random(),
    after: (delayMs, run) => timers.after(delayMs, run),
  };
}

const requestsOf = (type = 'message') => bus.server.frames(type).filter(({ expects_reply }) => expects_reply);
const sleep = (ms: number) =>
  new Promise((resolve) =>
    bus.timers.after(ms, () => {
      resolve(ms);
    }),
  );

describe('the timeout', () => {
  test.each([
    0,
    -1,
    0.5,
    NaN,
    -Infinity,
    2_073_600_001,
    2 ** 31,
    Number.MAX_SAFE_INTEGER,
    '5000',
    null,
    {},
    true,
  ])('of %p is refused, and nothing is sent', async (timeout) => {
    const request = alice.agent('bob').request('?', { timeout: timeout as number });
    await expect(bus.during(request)).rejects.toMatchObject({ code: 'invalid_message' });
    await expect(request).rejects.toThrow('"timeout" must be 1 to 2,073,600,000 ms, or Infinity');
    expect(requestsOf()).toEqual([]);
  });

  test.each([
    [undefined, 30_000],
    [1, 1],
    [10.2, 11],
    [2_073_600_000, 2_073_600_000],
    [Infinity, undefined],
  ])('of %p is %p on the wire', async (timeout, timeout_ms) => {
    const bob = await bus.connected('bob');
    bob.onRequest(() => 'here');
    const options = timeout === undefined ? {} : { timeout };
    await outcome(alice.agent('bob').request('?', options));
    expect(requestsOf()).toMatchObject([{ to: 'bob', content: '?' }]);
    expect(requestsOf()[0]?.timeout_ms).toBe(timeout_ms);
  });

  test('of Infinity waits for as long as it takes', async () => {
    const bob = await bus.connected('bob');
    bob.onRequest(() => sleep(3_600_000));
    expect(await outcome(alice.agent('bob').request('?', { timeout: Infinity }), 7_200_000)).toEqual([
      3_600_000,
      expect.any(Number),
    ]);
  });

  test('ends a request that was never sent, which is not sent afterwards either', async () => {
    const bob = await bus.connected('bob');
    const { asked, handler } = remembering();
    bob.onRequest(handler);
    bus.server.refuse = 503;
    bus.server.cut(bus.socketOf('alice'));
    expect(await outcome(alice.agent('bob').request('old', { timeout: 3_000 }))).toEqual(['timeout', 3_000]);
    bus.server.refuse = undefined;
    await bus.timers.advance(60_000);
    expect(alice.state).toBe('connected');
    expect(await outcome(alice.agent('bob').request('new'))).toEqual(['new', expect.any(Number)]);
    expect(asked).toEqual(['new']);
  });

  test('is what is left of it when the request is sent again', async () => {
    await bus.connected('bob');
    bus.server.script = ({ expects_reply }, socket) => {
      if (expects_reply !== true) return undefined;
      bus.server.script = () => undefined;
      bus.server.cut(socket);
      return 'silence';
    };
    expect(await outcome(alice.agent('bob').request('?', { timeout: 20_000 }))).toEqual([
      'no_handler',
      expect.any(Number),
    ]);
    const [first, second] = requestsOf();
    expect(first).toMatchObject({ timeout_ms: 20_000 });
    expect(second).toMatchObject({ id: first!.id, retry: true });
    expect(second!.timeout_ms).toBeLessThan(20_000);
    expect(second!.timeout_ms).toBeGreaterThan(10_000);
  });

  test('is the error when the service finds that the time is over', async () => {
    await bus.connected('bob');
    bus.server.script = ({ expects_reply }) =>
      expects_reply === true ? { type: 'ERROR', code: 'request_expired', error: 'over' } : undefined;
    expect((await outcome(alice.agent('bob').request('?')))[0]).toBe('timeout');
  });
});

describe('a request that has expired', () => {
  test.each([0, 3_600_000, -3_600_000])(
    'while the agent was away is not executed, though its clock is wrong by %p ms',
    async (ms) => {
      const bob = bus.client('bob', {}, wrongBy(ms));
      const { asked, handler } = remembering();
      bob.onRequest(handler);
      await bus.during(bob.connect());
      const gaps: Gap[] = [];
      bob.on('gap', (gap) => gaps.push(gap));
      // It is in the log, but the answerer has gone under.
      bus.server.faults = { ...bus.server.faults, losesPost: () => true };
      const short = outcome(alice.agent('bob').request('short', { timeout: 2_000 }));
      const long = outcome(alice.agent('bob').request('long', { timeout: 60_000 }));
      await short;
      bus.server.faults = { ...bus.server.faults, losesPost: () => false };
      bus.server.cut(bus.socketOf('bob'));
      expect((await long)[0]).toBe('long');
      expect(asked).toEqual(['long']);
      expect(gaps).toEqual([]);
    },
  );

  test.each([true, false])(
    'is so by the clock of the service: ours was set while we were connected (observer: %p)',
    async (observer) => {
      let setBy = 0;
      const { timers } = bus;
      const bob = bus.client('bob', { observer }, { ...wrongBy(0), date: () => timers.now() + setBy });
      await bus.during(bob.connect());
      setBy = 86_400_000;
      // An observer leaves the answer to another process.
      expect((await outcome(alice.agent('bob').request('early')))[0]).toBe(
        observer ? 'timeout' : 'no_handler',
      );
      bob.onRequest(() => 'here');
      setBy *= 2;
      expect((await outcome(alice.agent('bob').request('?')))[0]).toBe('here');
    },
  );

  test('is not told as a gap', async () => {
    const bob = bus.client('bob');
    const gaps: Gap[] = [];
    const heard: unknown[] = [];
    bob.on('gap', (gap) => gaps.push(gap));
    await bus.during(Promise.all([bob.connect(), bob.inbox.subscribe(({ content }) => heard.push(content))]));
    await bus.during(alice.agent('bob').send('one'));
    const gap = (from: number, reason: string) => ({ from, to: from, code: 'not_recoverable', reason });
    bus.server.script = ({ type }) => {
      if (type !== 'history') return undefined;
      const { epoch, rows } = bus.server.log('$inbox/bob');
      const messages = rows.slice(-1).map(({ message }) => ({ ...message, replayed: true }));
      return {
        type: 'HISTORY',
        channel_id: '$inbox',
        epoch,
        sequence: 4,
        messages,
        last: true,
        part: 1,
        gaps: [gap(2, 'request_expired'), gap(3, 'damaged')],
      };
    };
    bus.server.faults = { ...bus.server.faults, losesPost: () => true };
    for (const content of ['two', 'three']) await bus.during(alice.agent('bob').send(content));
    bus.server.faults = { ...bus.server.faults, losesPost: () => false };
    await bus.during(alice.agent('bob').send('four'));
    await bus.timers.advance(5_000);
    expect(heard).toEqual(['one', 'four']);
    expect(gaps).toMatchObject([{ from: 3, to: 3, reason: 'damaged' }]);

    for await (const { content } of during(bob.inbox.history())) heard.push(content);
    expect(gaps.map(({ reason }) => reason)).toEqual(['damaged', 'damaged']);
  });

  test('while it waited for a handler is dropped', async () => {
    const bob = await bus.connected('bob');
    const { asked, handler } = remembering();
    expect(await outcome(alice.agent('bob').request('?', { timeout: 1_000 }))).toEqual(['timeout', 1_000]);
    // The time of the service is known but for the way that its frames took.
    await bus.timers.advance(10);
    bob.onRequest(handler);
    await bus.timers.advance(10_000);
    expect(asked).toEqual([]);
    expect(bus.server.frames('reply.failed')).toEqual([]);
  });

  test('while its handler works on it is handled: what came after it does not come again', async () => {
    const bob = await bus.connected('bob');
    bob.onRequest(() => new Promise(() => undefined));
    await bus.during(bob.inbox.subscribe(() => undefined));
    await outcome(alice.agent('bob').request('hang', { timeout: 2_000 }));
    bus.server.accept({ id: 'd', to: 'bob', content: 1 }, 'alice');
    await bus.timers.advance(10);
    await bus.during(bob.close());
    expect(bus.server.handled.get('bob')).toBe(2);
  });

  test('while its handler works on it is answered all the same', async () => {
    const bob = await bus.connected('bob');
    const work = new Promise<string>((resolve) => {
      bus.timers.after(3_000, () => {
        resolve('late');
      });
    });
    bob.onRequest(() => work);
    await outcome(alice.agent('bob').request('slow', { timeout: 2_000 }));
    await bus.timers.advance(2_000);
    expect(bus.server.log('$inbox/alice').rows.map(({ message }) => message.content)).toEqual(['late']);
  });

  test('is no message of the inbox either', async () => {
    const bob = await bus.connected('bob');
    const heard: unknown[] = [];
    await bus.during(bob.inbox.subscribe(({ content }) => heard.push(content)));
    bus.server.faults = { ...bus.server.faults, delay: () => 300 };
    expect((await outcome(alice.agent('bob').request('late', { timeout: 200 })))[0]).toBe('timeout');
    await bus.timers.advance(5_000);
    expect(heard).toEqual([]);
  });
});

async function* during<T>(iterator: AsyncGenerator<T>): AsyncGenerator<T> {
  for (;;) {
    const { done, value } = await bus.during(iterator.next());
    if (done) return;
    yield value;
  }
}

describe('without a handler', () => {
  test('a request fails with no_handler after the two times of two seconds', async () => {
    await bus.connected('bob');
    const [code, ms] = await outcome(alice.agent('bob').request('?'));
    expect(code).toBe('no_handler');
    expect(ms).toBeGreaterThanOrEqual(4_000);
    expect(ms).toBeLessThan(4_200);
    expect(bus.server.frames('reply.failed')).toMatchObject([{ to: 'alice', code: 'no_handler' }]);
  });

  test('it fails with no_handler in its own time, when that is shorter', async () => {
    await bus.connected('bob');
    expect(await outcome(alice.agent('bob').request('?', { timeout: 3_000 }))).toEqual(['no_handler', 3_000]);
  });

  test.each([
    [1_900, 'here'],
    [2_100, 'no_handler'],
  ])('a handler that comes after %p ms: %p', async (ms, expected) => {
    const bob = await bus.connected('bob');
    const { asked, handler } = remembering(() => 'here');
    bus.timers.after(ms, () => {
      bob.onRequest(handler);
    });
    const [first] = await Promise.all([
      outcome(alice.agent('bob').request(1)),
      outcome(alice.agent('bob').request(2)),
    ]);
    expect(first[0]).toBe(expected);
    expect(asked).toEqual(expected === 'here' ? [1, 2] : []);
    expect((await outcome(alice.agent('bob').request(3)))[0]).toBe('here');
  });

  test.each([
    [1_500, 'here', 1_500],
    [3_800, 'here', 3_800],
    [4_500, 'no_handler', 4_000],
  ])('the reply of another process after %p ms: %p', async (ms, expected, after) => {
    const [busy, idle] = [await bus.connected('bob'), await bus.connected('bob')];
    busy.onRequest(() => sleep(ms).then(() => 'here'));
    const [end, took] = await outcome(alice.agent('bob').request('?'));
    expect(end).toBe(expected);
    expect(took).toBeGreaterThanOrEqual(after);
    expect(took).toBeLessThan(after + 100);
    expect(idle.state).toBe('connected');
    await bus.timers.advance(10_000);
  });

  test('a process that fails wins over one without a handler', async () => {
    const [busy] = [await bus.connected('bob'), await bus.connected('bob')];
    busy.on('error', () => undefined);
    busy.onRequest(() => sleep(3_000).then(() => Promise.reject(new Error('broken'))));
    expect((await outcome(alice.agent('bob').request('?')))[0]).toBe('request_failed');
  });

  test('the user may answer by hand', async () => {
    const bob = await bus.connected('bob');
    await bus.during(
      bob.inbox.subscribe(async ({ agentId, id, content }) => {
        await sleep(3_000);
        await bob.agent(agentId).send(`${String(content)}!`, { type: 'reply', inReplyTo: id });
      }),
    );
    expect((await outcome(alice.agent('bob').request('hi')))[0]).toBe('hi!');
  });

  test('it does not wait behind messages that wait for the handler of the inbox', async () => {
    const bob = await bus.connected('bob');
    await bus.during(bob.inbox.subscribe(() => new Promise(() => undefined)));
    await bus.during(Promise.all(Array.from({ length: 1_100 }, (_, n) => alice.agent('bob').send(n))));
    const [code, ms] = await outcome(alice.agent('bob').request('?'));
    expect(code).toBe('no_handler');
    expect(ms).toBeLessThan(4_200);
  });

  test('an observer shows requests in its inbox and never answers them', async () => {
    const [observer, bob] = [await bus.connected('bob', { observer: true }), await bus.connected('bob')];
    bob.onRequest(() => sleep(10_000).then(() => 'here'));
    const heard: unknown[] = [];
    await bus.during(observer.inbox.subscribe(({ content }) => heard.push(content)));
    expect((await outcome(alice.agent('bob').request('?')))[0]).toBe('here');
    expect(heard).toEqual(['?']);
    expect(bus.server.frames('reply.failed')).toEqual([]);
  });

  test('an observer with a handler answers with it', async () => {
    const observer = await bus.connected('bob', { observer: true });
    observer.onRequest(() => 'here');
    expect((await outcome(alice.agent('bob').request('?')))[0]).toBe('here');
  });
});

describe('two processes', () => {
  test('both get each request, and the first reply counts', async () => {
    const [slow, fast] = [await bus.connected('bob'), await bus.connected('bob')];
    slow.onRequest(() => sleep(500).then(() => 'slow'));
    fast.onRequest(() => sleep(200).then(() => 'fast'));
    expect((await outcome(alice.agent('bob').request('?')))[0]).toBe('fast');
    await bus.timers.advance(1_000);
    expect(bus.server.frames('reply').map(({ content }) => content)).toEqual(['fast', 'slow']);
  });

  test('of one agent may ask each other', async () => {
    const other = await bus.connected('alice');
    other.onRequest(() => 'other');
    alice.onRequest(() => sleep(100).then(() => 'myself'));
    expect((await outcome(alice.agent('alice').request('?')))[0]).toBe('other');
  });
});

describe('when one of them goes away', () => {
  test('the answerer: the request times out, and is not executed when it is back', async () => {
    const bob = await bus.connected('bob');
    const { asked, handler } = remembering();
    bob.onRequest(handler);
    // Dead, and the service does not know it yet.
    bus.socketOf('bob')!.isSilent = true;
    expect((await outcome(alice.agent('bob').request('old', { timeout: 5_000 })))[0]).toBe('timeout');
    bus.server.cut(bus.socketOf('bob'));
    await bus.timers.advance(60_000);
    expect(bob.state).toBe('connected');
    expect(asked).toEqual([]);
  });

  test('the asker: its next process hears nothing of the reply', async () => {
    const bob = await bus.connected('bob');
    bob.onRequest(() => sleep(1_000).then(() => 'late'));
    const lost = alice.agent('bob').request('?');
    const failed = expect(lost).rejects.toMatchObject({ code: 'closed' });
    await bus.timers.advance(100);
    await bus.during(alice.close());
    await failed;
    const next = await bus.connected('alice');
    const heard: unknown[] = [];
    await bus.during(next.inbox.subscribe((message) => heard.push(message)));
    await bus.timers.advance(5_000);
    expect(bus.server.frames('reply')).toHaveLength(1);
    expect(heard).toEqual([]);
  });

  test('a reply that comes too late is dropped', async () => {
    const bob = await bus.connected('bob');
    const heard: unknown[] = [];
    await bus.during(alice.inbox.subscribe((message) => heard.push(message)));
    bob.onRequest(() => sleep(2_000).then(() => 'late'));
    expect(await outcome(alice.agent('bob').request('?', { timeout: 1_000 }))).toEqual(['timeout', 1_000]);
    await bus.timers.advance(5_000);
    expect(bus.server.frames('reply')).toHaveLength(1);
    expect(heard).toEqual([]);
  });

  test.each(['alice', 'bob'])('%s gets a new connection meanwhile: the reply arrives once', async (name) => {
    const bob = await bus.connected('bob');
    const { asked, handler } = remembering(() => sleep(5_000).then(() => 'here'));
    bob.onRequest(handler);
    const reply = outcome(alice.agent('bob').request('?'));
    await bus.timers.advance(1_000);
    const [old] = [...bus.server.sockets].filter(({ agentId }) => agentId === name);
    old!.post({ type: 'GOAWAY', code: 'rotate', reconnect: true });
    expect((await reply)[0]).toBe('here');
    expect(bus.server.sockets.has(old!)).toBe(false);
    expect(asked).toEqual(['?']);
  });
});

test.each<[string, RequestHandler]>([
  [
    'generator',
    function* () {
      yield 1;
    },
  ],
  [
    'async generator',
    async function* () {
      yield await Promise.resolve(1);
    },
  ],
  ['promise of a generator', () => Promise.resolve([1].values())],
])('a handler that returns a %s is refused with a clear message', async (_, handler) => {
  const bob = await bus.connected('bob');
  const errors: unknown[] = [];
  bob.on('error', (error) => errors.push(error));
  bob.onRequest(handler);
  expect((await outcome(alice.agent('bob').request('?')))[0]).toBe('request_failed');
  expect(errors.map(String)).toEqual([
    'TypeError: A request handler must return one JSON value, not a generator',
  ]);
});

test('a query may ask for agents that are online', async () => {
  for await (const agent of during(alice.presence.query({ online: true }))) expect(agent).toBeDefined();
  expect(bus.server.frames('presence')).toMatchObject([{ query: { online: true } }]);
});
