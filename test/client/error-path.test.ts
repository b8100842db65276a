/**
 * What the user's own code throws must never end the process, keep others waiting, or travel to another agent.
 */
import { type Message, MemoryCursor, RequestError } from '../../clients/javascript/index';
import { FakeBus } from '../helpers/fake-bus';

const uncaught: unknown[] = [];
const note = (error: unknown): void => {
  uncaught.push(error);
};
let printed: unknown[][];

beforeAll(() => {
  process.on('uncaughtException', note);
  process.on('unhandledRejection', note);
});

beforeEach(() => {
  uncaught.length = 0;
  printed = [];
  jest.spyOn(console, 'error').mockImplementation((...values: unknown[]) => {
    printed.push(values);
  });
});

afterEach(() => {
  jest.restoreAllMocks();
  expect(uncaught).toEqual([]);
});

afterAll(() => {
  process.off('uncaughtException', note);
  process.off('unhandledRejection', note);
});

async function twoAgents(handler: (content: unknown) => unknown) {
  const bus = new FakeBus();
  const asker = await bus.connected('asker');
  const answerer = await bus.connected('answerer');
  const errors: unknown[] = [];
  answerer.on('error', (error) => errors.push(error));
  answerer.onRequest(handler);
  return { bus, asker, answerer, errors };
}

class Sly extends Error {
  override get message(): string {
    throw new Error('not to be read');
  }
}

const untouchable: object = new Proxy(
  {},
  {
    get: () => {
      throw new Error('get');
    },
    getPrototypeOf: () => {
      throw new Error('getPrototypeOf');
    },
    has: () => {
      throw new Error('has');
    },
  },
);

const cyclic: Record<string, unknown> = {};
cyclic.itself = cyclic;

describe('a request handler that throws', () => {
  test.each<[string, unknown]>([
    ['an error', new Error('password=1234')],
    ['null', null],
    ['undefined', undefined],
    ['a text', 'password=1234'],
    ['a huge text', '"'.repeat(100_000)],
    ['an error with a huge text', new Error('"'.repeat(100_000))],
    ['a cyclic object', cyclic],
    ['a bigint', 1n],
    ['a symbol', Symbol('s')],
    ['an error whose message throws', new Sly()],
    ['an object that throws whatever is done with it', untouchable],
    [
      'an object with the name of a RequestError',
      Object.assign(new Error('secret'), { name: 'RequestError' }),
    ],
  ])('%s: the asker learns at once that it failed, and nothing else', async (_, thrown) => {
    const { bus, asker, errors } = await twoAgents(() => {
      throw thrown;
    });
    const startedAt = bus.timers.now();
    await expect(bus.during(asker.agent('answerer').request(1))).rejects.toMatchObject({
      code: 'request_failed',
      message: 'The request handler has failed',
    });
    expect(bus.timers.now() - startedAt).toBeLessThan(1_000);
    expect(errors).toHaveLength(1);
    expect(errors[0] === thrown).toBe(true);
  });

  test.each<[string, string, string]>([
    ['its text', 'No such order', 'No such order'],
    ['at most 1,024 bytes of it', '"'.repeat(20_000), '"'.repeat(1_024)],
    ['no half of a character', `${'x'.repeat(1_023)}€`, 'x'.repeat(1_023)],
  ])('a RequestError: the asker gets %s', async (_, message, expected) => {
    const { bus, asker, errors } = await twoAgents(() => Promise.reject(new RequestError(message)));
    await expect(bus.during(asker.agent('answerer').request(1))).rejects.toMatchObject({
      code: 'request_failed',
      message: expected,
    });
    expect(errors).toEqual([]);
  });

  test.each<[string, unknown, string]>([
    ['too large', 'x'.repeat(40_000), 'payload_too_large'],
    ['cyclic', cyclic, 'invalid_message'],
    ['a bigint', 1n, 'invalid_message'],
    ['a function', () => 1, 'invalid_message'],
    [
      'an object that throws whatever is done with it',
      { toJSON: () => JSON.parse('{') as unknown },
      'invalid_message',
    ],
  ])('a reply that can not be sent (%s) is a failure', async (_, reply, code) => {
    const { bus, asker, errors } = await twoAgents(() => reply);
    await expect(bus.during(asker.agent('answerer').request(1))).rejects.toMatchObject({
      code: 'request_failed',
      message: 'The request handler has failed',
    });
    expect(errors).toMatchObject([{ code }]);
  });

  test('a reply that the service refuses is a failure', async () => {
    const { bus, asker, errors } = await twoAgents(() => 'secret');
    bus.server.script = ({ type }) =>
      type === 'reply' ? { type: 'ERROR', code: 'forbidden', error: 'no' } : undefined;
    await expect(bus.during(asker.agent('answerer').request(1))).rejects.toMatchObject({
      code: 'request_failed',
    });
    expect(errors).toMatchObject([{ code: 'forbidden' }]);
  });

  test('a handler that never settles holds up no other request', async () => {
    const { bus, asker } = await twoAgents((content) =>
      content === 'hang' ? new Promise(() => undefined) : content,
    );
    const hanging = expect(
      bus.during(asker.agent('answerer').request('hang', { timeout: 2_000 })),
    ).rejects.toMatchObject({ code: 'timeout' });
    await expect(bus.during(asker.agent('answerer').request('next'))).resolves.toMatchObject({
      content: 'next',
    });
    await hanging;
  });
});

describe('a reply', () => {
  test('counts only when it comes from the agent that was asked', async () => {
    const { bus, asker } = await twoAgents(() => new Promise(() => undefined));
    const asking = asker.agent('answerer').request(1);
    await bus.timers.advance(100);
    const [{ id } = {}] = bus.server.frames('message');
    const forged = { to: 'asker', content: 'forged', in_reply_to: id, expects_reply: false };
    bus.server.accept({ id: 'f1', type: 'reply', ...forged }, 'mallory');
    bus.server.accept({ id: 'f2', type: 'reply.failed', ...forged }, 'mallory');
    await bus.timers.advance(100);
    bus.server.accept({ id: 'r', type: 'reply', ...forged, content: 'true' }, 'answerer');
    await expect(bus.during(asking)).resolves.toMatchObject({ agentId: 'answerer', content: 'true' });
  });

  test('of a failure may hold anything', async () => {
    const { bus, asker, errors } = await twoAgents(() => new Promise(() => undefined));
    const asking = asker.agent('answerer').request(1);
    await bus.timers.advance(100);
    const [{ id } = {}] = bus.server.frames('message');
    const content = { toString: 1, valueOf: 1 };
    bus.server.accept({ id: 'r', type: 'reply.failed', to: 'asker', content, in_reply_to: id }, 'answerer');
    await expect(bus.during(asking)).rejects.toMatchObject({ code: 'request_failed' });
    expect(errors).toEqual([]);
  });
});

test.each<[string, Record<string, unknown>]>([
  ['message_id', { message_id: { toString: 1 } }],
  ['part', { part: { valueOf: 1, toString: 1 }, message_id: 'x' }],
  ['code', { code: { toString: 1 } }],
])('a message with a field of the sender’s own that is no text (%s) is a message', async (_, fields) => {
  const bus = new FakeBus();
  const client = await bus.connected('a');
  const heard: unknown[] = [];
  await bus.during(client.channel('c').subscribe(({ content }) => heard.push(content)));
  bus.server.publish('c', 1, fields);
  bus.server.publish('c', 2);
  await bus.timers.advance(100);
  expect(heard).toEqual([1, 2]);
});

const failing: readonly (readonly [string, () => unknown])[] = [
  [
    'throws',
    () => {
      throw new Error('mine');
    },
  ],
  ['rejects', () => Promise.reject(new Error('mine'))],
  [
    'gives a thenable that throws',
    () => ({
      then: () => {
        throw new Error('mine');
      },
    }),
  ],
];

describe.each(failing)('a handler that %s', (_, fail) => {
  async function errorsWith(
    use: (bus: FakeBus, fails: () => unknown) => Promise<unknown>,
  ): Promise<unknown[]> {
    const bus = new FakeBus();
    await use(bus, fail);
    await bus.timers.advance(1_000);
    return printed.map(([, error]) => error);
  }
  const mine = expect.objectContaining({ message: 'mine' }) as unknown;

  test('of a channel is printed when nobody listens for errors', async () => {
    const errors = await errorsWith(async (bus, fails) => {
      const client = await bus.connected('a');
      await bus.during(client.channel('c').subscribe(fails));
      bus.server.publish('c', 1);
    });
    expect(errors).toEqual([mine]);
  });

  test('of the inbox is printed', async () => {
    const errors = await errorsWith(async (bus, fails) => {
      const client = await bus.connected('a');
      await bus.during(client.inbox.subscribe(fails));
      bus.server.accept({ id: 'm', to: 'a', content: 1 }, 'b');
    });
    expect(errors).toEqual([mine]);
  });

  test('of presence is printed for what is known, for events and after a drop, and subscribing succeeds', async () => {
    const errors = await errorsWith(async (bus, fails) => {
      let version = 0;
      const agent = { agent_id: 'b', status: 'online', capabilities: [] };
      bus.server.script = (frame) =>
        frame.type === 'presence'
          ? { type: 'PRESENCE', agents: [{ ...agent, version: ++version }] }
          : undefined;
      const client = await bus.connected('a');
      await bus.during(client.presence.subscribe(fails));
      bus.server.publish('$presence', { ...agent, version: ++version }, { type: 'presence', agent_id: 'b' });
      await bus.timers.advance(100);
      bus.server.cut(bus.socketOf('a'));
      await bus.timers.advance(5_000);
    });
    expect(errors).toEqual([mine, mine, mine]);
  });

  test('of requests is printed', async () => {
    const errors = await errorsWith(async (bus, fails) => {
      const client = await bus.connected('a');
      client.onRequest(fails);
      const asker = await bus.connected('b');
      await expect(bus.during(asker.agent('a').request(1))).rejects.toMatchObject({ code: 'request_failed' });
    });
    expect(errors).toEqual([mine]);
  });

  test.each(['state', 'retrying'] as const)(
    'of the event %s is printed, and others hear it',
    async (name) => {
      let others = 0;
      const errors = await errorsWith(async (bus, fails) => {
        const client = await bus.connected('a');
        client.on(name, fails);
        client.on(name, () => (others += 1));
        bus.server.cut(bus.socketOf('a'));
      });
      expect(others).toBeGreaterThan(0);
      expect(errors).toEqual(Array.from({ length: others }, () => mine));
    },
  );

  test('of the event error is printed once', async () => {
    const errors = await errorsWith(async (bus, fails) => {
      const client = await bus.connected('a');
      client.on('error', fails);
      await bus.during(
        client.channel('c').subscribe(() => {
          throw new Error('first');
        }),
      );
      bus.server.publish('c', 1);
    });
    expect(errors).toEqual([mine]);
  });

  test.each(['load', 'save'] as const)('of a cursor (%s) is printed, and messages come', async (name) => {
    const heard: unknown[] = [];
    const errors = await errorsWith(async (bus, fails) => {
      const cursor = new MemoryCursor();
      Object.assign(cursor, { [name]: (channelId: string) => (channelId === 'c' ? fails() : undefined) });
      const client = await bus.connected('a', { cursor });
      await bus.during(client.channel('c').subscribe(({ content }) => heard.push(content)));
      bus.server.publish('c', 1);
      await bus.timers.advance(100);
    });
    expect(heard).toEqual([1]);
    expect(errors.length).toBeGreaterThan(0);
    for (const error of errors) expect(error).toEqual(mine);
  });
});

test('an error that can not be shown is no crash either', async () => {
  jest.spyOn(console, 'error').mockImplementation((...values: unknown[]) => {
    printed.push(values);
    if (values.length > 1) throw new Error('can not be shown');
  });
  const bus = new FakeBus();
  const client = await bus.connected('a');
  await bus.during(client.channel('c').subscribe(() => Promise.reject(untouchable as Error)));
  bus.server.publish('c', 1);
  await bus.timers.advance(100);
  expect(printed.at(-1)).toEqual(['[@artcafe/pubsub] unknown error']);
});

test('a console that throws keeps no handler from its messages and no position from being saved', async () => {
  jest.spyOn(console, 'error').mockImplementation(() => {
    throw new Error('not in a test');
  });
  const bus = new FakeBus();
  const [heard, saved]: [unknown[], number[]] = [[], []];
  let isFull = true;
  const client = await bus.connected('a', {
    cursor: {
      load: () => undefined,
      save: (channelId, { sequence }) => {
        if (isFull) throw new Error('the disk is full');
        if (channelId === 'c') saved.push(sequence);
      },
    },
  });
  await bus.during(
    client.channel('c').subscribe(({ content }) => {
      heard.push(content);
      throw new Error('mine');
    }),
  );
  for (const content of [1, 2]) bus.server.publish('c', content);
  await bus.timers.advance(100);
  isFull = false;
  bus.server.publish('c', 3);
  await bus.timers.advance(100);
  expect(heard).toEqual([1, 2, 3]);
  expect(saved).toEqual([3]);
});

test('a console that throws at the first failure does not end the tries', async () => {
  const warn = jest.spyOn(console, 'warn').mockImplementation(() => {
    throw new Error('not in a test');
  });
  const bus = new FakeBus();
  bus.server.refuse = 503;
  const client = bus.client('a');
  void client.connect({ timeout: Infinity });
  await bus.timers.advance(5_000);
  bus.server.refuse = undefined;
  await bus.timers.advance(60_000);
  expect(warn).toHaveBeenCalledTimes(1);
  expect(client.state).toBe('connected');
});

test('a loop that throws ends with that error, and the client goes on', async () => {
  const bus = new FakeBus();
  const client = await bus.connected('a');
  const heard: Message[] = [];
  await bus.during(client.channel('c').subscribe((message) => heard.push(message)));
  const reading = (async () => {
    for await (const message of client.channel('c')) throw new Error(String(message.content));
  })();
  await bus.timers.advance(100);
  bus.server.publish('c', 1);
  await expect(bus.during(reading)).rejects.toThrow('1');
  bus.server.publish('c', 2);
  await bus.timers.advance(100);
  expect(heard.map(({ content }) => content)).toEqual([1, 2]);
});
