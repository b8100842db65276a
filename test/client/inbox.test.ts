/** The inbox: messages wait for their handlers, nothing waits behind them, and a new process goes on where the last one was. */
import { type Gap, MemoryCursor, type Message, type PubSub } from '../../clients/javascript/index';
import { FakeBus } from '../helpers/fake-bus';

const upTo = (last: number, first = 1): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

/** Direct messages to `me`, whose contents count. */
function send(bus: FakeBus, last: number, first = 1): void {
  for (const content of upTo(last, first)) bus.server.accept({ id: `d${content}`, to: 'me', content }, 'you');
}

/** Ends without a word, as a process that is killed. */
async function crash(bus: FakeBus): Promise<void> {
  bus.socketOf('me')!.isSilent = true;
  bus.server.cut(bus.socketOf('me'));
  bus.server.refuse = 503;
  await bus.timers.advance(10);
  bus.server.refuse = undefined;
}

interface Heard {
  readonly contents: unknown[];
  readonly gaps: Gap[];
}

function listen(client: PubSub): Heard {
  const heard: Heard = { contents: [], gaps: [] };
  client.on('gap', (gap) => heard.gaps.push(gap));
  void client.inbox.subscribe(({ content }) => heard.contents.push(content));
  return heard;
}

const reports = (bus: FakeBus): number[] =>
  bus.server
    .frames('ping')
    .flatMap(({ channels }) => channels as { handled?: { sequence: number } }[])
    .flatMap(({ handled }) => handled?.sequence ?? []);

describe('messages wait for a handler', () => {
  test.each([150, 2_500])('%s stored ones, that is registered late', async (count) => {
    const bus = new FakeBus();
    send(bus, count);
    const client = await bus.connected('me');
    await bus.timers.advance(1_500);
    const heard = listen(client);
    await bus.timers.advance(5_000);
    expect(heard).toEqual({ contents: upTo(count), gaps: [] });
  });

  test('of a service that does not say where its replay begins', async () => {
    const bus = new FakeBus();
    bus.server.keepsHandled = false;
    send(bus, 1_200);
    const client = await bus.connected('me');
    await bus.timers.advance(1_500);
    const heard = listen(client);
    await bus.timers.advance(5_000);
    send(bus, 1_400, 1_201);
    await bus.timers.advance(1_000);
    expect(heard).toEqual({ contents: upTo(1_400), gaps: [] });
    expect(reports(bus)).toEqual([]);
  });

  test('that has left and comes back, those included that it had not begun', async () => {
    const bus = new FakeBus();
    const client = await bus.connected('me');
    const first: unknown[] = [];
    const subscription = await bus.during(
      client.inbox.subscribe(async ({ content }) => {
        first.push(content);
        if (content === 3) await new Promise(() => undefined);
      }),
    );
    send(bus, 10);
    await bus.timers.advance(10);
    subscription.unsubscribe();
    send(bus, 1_500, 11);
    await bus.timers.advance(1_000);
    const heard = listen(client);
    await bus.timers.advance(5_000);
    expect(first).toEqual([1, 2, 3]);
    expect(heard).toEqual({ contents: upTo(1_500, 4), gaps: [] });
  });

  test('while others are there, which get theirs at once', async () => {
    const bus = new FakeBus();
    const you = await bus.connected('you');
    const client = await bus.connected('me');
    client.onRequest((content) => content);
    send(bus, 1_300);
    await expect(bus.during(you.agent('me').request('?'))).resolves.toMatchObject({ content: '?' });
    const heard = listen(client);
    await bus.timers.advance(5_000);
    expect(heard).toEqual({ contents: upTo(1_300), gaps: [] });
  });

  test('and a loop takes them over from it', async () => {
    const bus = new FakeBus();
    const client = await bus.connected('me');
    send(bus, 3);
    await bus.timers.advance(10);
    const taken: unknown[] = [];
    const reading = (async () => {
      for await (const { content } of client.inbox) if (taken.push(content) === 3) return;
    })();
    await bus.during(reading);
    expect(taken).toEqual([1, 2, 3]);
  });

  test('and only so many in memory: what is waited for long is read from the log', async () => {
    const bus = new FakeBus();
    const client = await bus.connected('me');
    send(bus, 5_000);
    await bus.timers.advance(5_000);
    const before = bus.server.frames('history').length;
    const heard = listen(client);
    await bus.timers.advance(5_000);
    expect(heard.contents).toEqual(upTo(5_000));
    expect(bus.server.frames('history').length - before).toBe(40);
  });

  test('what has expired meanwhile is reported, and the rest comes', async () => {
    const bus = new FakeBus();
    const client = await bus.connected('me');
    send(bus, 1_500);
    await bus.timers.advance(5_000);
    bus.server.log('$inbox/me').rows.splice(0, 1_100);
    const heard = listen(client);
    await bus.timers.advance(5_000);
    expect(heard.contents).toEqual([...upTo(1_000), ...upTo(1_500, 1_101)]);
    expect(heard.gaps).toMatchObject([{ channelId: '$inbox', reason: 'expired', from: 1_001, to: 1_100 }]);
  });

  test('over a cut connection', async () => {
    const bus = new FakeBus();
    const client = await bus.connected('me');
    send(bus, 1_500);
    await bus.timers.advance(1_000);
    bus.server.cut(bus.socketOf('me'));
    await bus.timers.advance(1);
    const heard = listen(client);
    send(bus, 1_600, 1_501);
    await bus.timers.advance(20_000);
    expect(heard).toEqual({ contents: upTo(1_600), gaps: [] });
  });
});

test('replies do not wait behind messages for a handler that waits for a reply', async () => {
  const bus = new FakeBus();
  const you = await bus.connected('you');
  you.onRequest((content) => content);
  const client = await bus.connected('me');
  const answers: unknown[] = [];
  await bus.during(
    client.inbox.subscribe(async ({ content }) => {
      answers.push((await client.agent('you').request(content)).content);
    }),
  );
  send(bus, 1_300);
  await bus.timers.advance(20_000);
  expect(answers).toEqual(upTo(1_300));
});

describe('a new process', () => {
  test.each([
    ['the same client', false],
    ['a new process', true],
  ])('%s gets everything, whatever frame the connection is cut after', async (_, isNew) => {
    for (let cutAfter = 0; cutAfter <= 12; cutAfter++) {
      const bus = new FakeBus();
      bus.server.splits = true;
      send(bus, 10);
      const first = bus.client('me', { backoff: { baseMs: 50 } });
      const heard = [listen(first)];
      const connecting = first.connect();
      connecting.catch(() => undefined);
      let frames = 0;
      bus.server.heard = (socket) => {
        if (socket.agentId === 'me' && frames++ === cutAfter) bus.server.cut(socket);
      };
      await bus.timers.advance(100);
      if (isNew) {
        bus.server.refuse = 401;
        bus.server.cut(bus.socketOf('me'));
        await bus.timers.advance(5_000);
        bus.server.refuse = undefined;
        const second = await bus.connected('me');
        heard.push(listen(second));
      }
      await bus.timers.advance(10_000);
      const all = heard.flatMap(({ contents }) => contents);
      if (!isNew) expect(all).toEqual(upTo(10));
      expect([...new Set(all)].sort((a, b) => Number(a) - Number(b))).toEqual(upTo(10));
      expect(heard.flatMap(({ gaps }) => gaps)).toEqual([]);
    }
  });

  test('goes on where the last one closed', async () => {
    const bus = new FakeBus();
    send(bus, 5);
    const first = await bus.connected('me');
    const early = listen(first);
    await bus.timers.advance(100);
    await bus.during(first.close());
    send(bus, 7, 6);
    const heard = listen(await bus.connected('me'));
    await bus.timers.advance(1_000);
    expect([early.contents, heard.contents]).toEqual([upTo(5), [6, 7]]);
  });

  test('gets again what was not handled, and what was handled since the last report', async () => {
    const bus = new FakeBus();
    const first = await bus.connected('me');
    let handled = 0;
    await bus.during(
      first.inbox.subscribe(async () => {
        if (++handled === 251) await new Promise(() => undefined);
      }),
    );
    send(bus, 300);
    await bus.timers.advance(1_000);
    expect(reports(bus)).toEqual([100, 200]);
    await crash(bus);
    const heard = listen(await bus.connected('me'));
    await bus.timers.advance(1_000);
    expect(heard).toEqual({ contents: upTo(300, 201), gaps: [] });
  });

  test('gets what waited for a handler that never came, which is not reported as handled', async () => {
    const bus = new FakeBus();
    const first = await bus.connected('me');
    first.onRequest(() => undefined);
    send(bus, 3_000);
    await bus.timers.advance(1_100_000);
    // The usual pings, one in nine minutes.
    expect(reports(bus)).toEqual([0, 0]);
    await bus.during(first.close());
    const heard = listen(await bus.connected('me'));
    await bus.timers.advance(5_000);
    expect(heard).toEqual({ contents: upTo(3_000), gaps: [] });
  });

  test('gets a request again whose reply was not acknowledged, and no other', async () => {
    const bus = new FakeBus();
    const request = (content: string) =>
      bus.server.accept({ id: content, to: 'me', content, expects_reply: true }, 'you');
    const first = await bus.connected('me');
    first.onRequest((content) => (content === 'slow' ? new Promise(() => undefined) : content));
    request('quick');
    request('slow');
    request('quick too');
    await bus.timers.advance(100);
    await bus.during(first.close());
    expect(bus.server.handled.get('me')).toBe(1);
    const second = bus.client('me');
    const asked: unknown[] = [];
    second.onRequest((content) => asked.push(content));
    await bus.during(second.connect());
    await bus.timers.advance(100);
    expect(asked).toEqual(['slow', 'quick too']);
  });

  test('counts own messages without echo as handled', async () => {
    const bus = new FakeBus();
    const client = await bus.connected('me', { echo: false });
    listen(client);
    for (const content of upTo(120)) await bus.during(client.agent('me').send(content));
    await bus.timers.advance(100);
    expect(reports(bus)).toEqual([100]);
  });

  test('with a cursor goes on at its position, which stays before what waits', async () => {
    const bus = new FakeBus();
    const cursor = new MemoryCursor();
    const first = await bus.connected('me', { cursor });
    const taken: Message[] = [];
    const subscription = await bus.during(first.inbox.subscribe((message) => taken.push(message)));
    send(bus, 3);
    await bus.timers.advance(10);
    subscription.unsubscribe();
    send(bus, 2_000, 4);
    await bus.timers.advance(5_000);
    expect(cursor.load('$inbox')).toMatchObject({ sequence: 3 });
    await bus.during(first.close());
    const heard = listen(await bus.connected('me', { cursor }));
    await bus.timers.advance(5_000);
    expect(heard).toEqual({ contents: upTo(2_000, 4), gaps: [] });
  });

  test('says hello only when a slow cursor has said where it stands', async () => {
    const bus = new FakeBus();
    send(bus, 5);
    const position = { epoch: 'epoch-of-$inbox/me', sequence: 3 };
    const load = () =>
      new Promise<typeof position>((resolve) => {
        bus.timers.after(2_000, () => {
          resolve(position);
        });
      });
    const client = await bus.connected('me', { cursor: { load, save: () => undefined } });
    const heard = listen(client);
    await bus.timers.advance(1_000);
    expect(bus.server.frames('hello')).toMatchObject([{ resume: [{ ...position, handled: position }] }]);
    expect(heard.contents).toEqual([4, 5]);
  });
});

test('a message that comes between the handshake and the WELCOME is not lost', async () => {
  const bus = new FakeBus();
  let isSent = false;
  bus.server.script = ({ type }) => {
    if (type === 'hello' && !isSent) send(bus, 1);
    if (type === 'hello') isSent = true;
    return undefined;
  };
  const client = await bus.connected('me');
  const heard = listen(client);
  await bus.timers.advance(1_000);
  expect(heard.contents).toEqual([1]);
});
