/** What every AgentStore promises, as cases over a factory. `inspect` shows what is stored. */
import type { AgentStore } from '../../lambda/shared/stores/agent-store';
import { collect } from './collect';

export interface InspectableAgentStore {
  readonly store: AgentStore;
  readonly inspect: (
    tenantId: string,
    agentId: string,
  ) => Promise<{ status?: string | undefined; version?: number | undefined } | undefined>;
}

export function agentStoreSuite(create: () => InspectableAgentStore): void {
  let store: AgentStore;
  let inspect: InspectableAgentStore['inspect'];
  let tenant: string;
  let counter = 0;

  beforeEach(() => {
    ({ store, inspect } = create());
    counter += 1;
    tenant = `tenant-${String(counter)}-${String(process.pid)}`;
  });

  test('is online from the first connection to the last', async () => {
    expect(await store.addConnection(tenant, 'a', '1=', 9)).toMatchObject({ outcome: 'added' });
    expect(await store.addConnection(tenant, 'a', '2=', 9)).toMatchObject({ outcome: 'added' });
    expect(await store.removeConnection(tenant, 'a', '1=')).toMatchObject({ changed: true });
    expect(await inspect(tenant, 'a')).toMatchObject({ status: 'online' });
    expect(await store.removeConnection(tenant, 'a', '2=')).toMatchObject({ changed: true });
    expect(await inspect(tenant, 'a')).toMatchObject({ status: 'offline' });
    expect(await store.connectionIds(tenant, 'a')).toEqual([]);
    expect(await store.addConnection(tenant, 'a', '3=', 9)).toMatchObject({ outcome: 'added' });
    expect(await inspect(tenant, 'a')).toMatchObject({ status: 'online' });
  });

  test('lists the agents of one tenant that have connections', async () => {
    await store.addConnection(tenant, 'a', '1=', 9);
    await store.addConnection(tenant, 'a', '2=', 9);
    await store.addConnection(tenant, 'b', '3=', 9);
    await store.addConnection(tenant, 'left', '4=', 9);
    await store.removeConnection(tenant, 'left', '4=');
    await store.addConnection(`${tenant}-other`, 'a', '5=', 9);
    const found = (await collect(store.connectedAgents(tenant))).map(
      ({ tenantId, agentId, connectionIds }) => [tenantId, agentId, [...connectionIds].sort()],
    );
    expect(found.sort()).toEqual([
      [tenant, 'a', ['1=', '2=']],
      [tenant, 'b', ['3=']],
    ]);
  });

  test('raises the version with each change of the set, and only then', async () => {
    const versions: number[] = [];
    const note = async (): Promise<void> => {
      versions.push((await inspect(tenant, 'a'))?.version ?? 0);
    };
    await store.addConnection(tenant, 'a', '1=', 9);
    await note();
    expect(await store.addConnection(tenant, 'a', '1=', 9)).toMatchObject({ outcome: 'present' });
    await note();
    expect(await store.removeConnection(tenant, 'a', 'other=')).toMatchObject({ changed: false });
    await note();
    await store.addConnection(tenant, 'a', '2=', 9);
    await note();
    await store.removeConnection(tenant, 'a', '1=');
    await note();
    await store.removeConnection(tenant, 'a', '2=');
    await note();
    const first = versions[0]!;
    expect(first).toBeGreaterThan(1_600_000_000_000);
    expect(versions).toEqual([first, first, first, first + 1, first + 2, first + 3]);
  });

  test('refuses one connection too many, and takes it when there is room again', async () => {
    await store.addConnection(tenant, 'a', '1=', 2);
    await store.addConnection(tenant, 'a', '2=', 2);
    expect(await store.addConnection(tenant, 'a', '3=', 2)).toMatchObject({ outcome: 'full' });
    expect(await store.addConnection(tenant, 'a', '2=', 2)).toMatchObject({ outcome: 'present' });
    await store.removeConnection(tenant, 'a', '1=');
    expect(await store.addConnection(tenant, 'a', '3=', 2)).toMatchObject({ outcome: 'added' });
    expect([...(await store.connectionIds(tenant, 'a'))].sort()).toEqual(['2=', '3=']);
  });

  test('does not know an agent that was never there', async () => {
    expect(await store.connectionIds(tenant, 'nobody')).toEqual([]);
    expect(await store.removeConnection(tenant, 'nobody', '1=')).toMatchObject({ changed: false });
    expect(await inspect(tenant, 'nobody')).toBeUndefined();
  });

  test('keeps tenants and agents apart, whatever their ids', async () => {
    await store.addConnection(tenant, 'a/b', '1=', 9);
    await store.addConnection(`${tenant}/a`, 'b', '2=', 9);
    await store.addConnection(tenant, 'a%2Fb', '3=', 9);
    expect(await store.connectionIds(tenant, 'a/b')).toEqual(['1=']);
    expect(await store.connectionIds(`${tenant}/a`, 'b')).toEqual(['2=']);
    expect(await store.connectionIds(tenant, 'a%2Fb')).toEqual(['3=']);
  });

  test('ends in the true status whatever runs at the same time', async () => {
    const ids = Array.from({ length: 12 }, (_, n) => `${String(n)}=`);
    await Promise.all(ids.map((id) => store.addConnection(tenant, 'a', id, 99)));
    await Promise.all([
      ...ids.slice(1).map((id) => store.removeConnection(tenant, 'a', id)),
      ...ids.slice(1).map((id) => store.removeConnection(tenant, 'a', id)),
      store.addConnection(tenant, 'a', 'late=', 99),
    ]);
    expect([...(await store.connectionIds(tenant, 'a'))].sort()).toEqual(['0=', 'late=']);
    expect(await inspect(tenant, 'a')).toMatchObject({ status: 'online' });
    await Promise.all(['0=', 'late='].map((id) => store.removeConnection(tenant, 'a', id)));
    expect(await inspect(tenant, 'a')).toMatchObject({ status: 'offline' });
  });

  describe('what an agent has handled', () => {
    const retentionMs = 3_600_000;
    const keep = (sequence: number, { epoch = 'e1', isFirst = false, ms = retentionMs } = {}) =>
      store.saveHandled(tenant, 'a', { epoch, sequence }, ms, isFirst);
    const handled = async () => (await store.getAgent(tenant, 'a')).handled;

    test('is kept from the first report on, and raised by higher ones', async () => {
      await store.addConnection(tenant, 'a', '1=', 9);
      expect(await handled()).toBeUndefined();
      await keep(3, { isFirst: true });
      expect(await handled()).toEqual({ epoch: 'e1', sequence: 3 });
      await keep(9, { isFirst: true });
      await keep(2);
      expect(await handled()).toEqual({ epoch: 'e1', sequence: 3 });
      await Promise.all([7, 9, 5, 8].map((sequence) => keep(sequence)));
      expect(await handled()).toEqual({ epoch: 'e1', sequence: 9 });
      await keep(1, { epoch: 'e2' });
      expect(await handled()).toEqual({ epoch: 'e2', sequence: 1 });
    });

    test('is no change that others see, and outlives connections and marks', async () => {
      await store.addConnection(tenant, 'a', '1=', 9);
      const { version } = await store.getAgent(tenant, 'a');
      await keep(3);
      expect((await store.getAgent(tenant, 'a')).version).toBe(version);
      await store.removeConnection(tenant, 'a', '1=');
      await store.recordMissed(
        { tenantId: tenant, agentId: 'a', sequence: 4, expiresAt: Date.now() + retentionMs },
        undefined,
      );
      await store.addConnection(tenant, 'a', '2=', 9);
      expect(await handled()).toEqual({ epoch: 'e1', sequence: 3 });
    });

    test('makes nothing of an agent that has no item', async () => {
      await keep(3, { isFirst: true });
      await keep(3);
      expect(await store.getAgent(tenant, 'a')).toMatchObject({ version: undefined, handled: undefined });
    });

    test('lives as long as the rows of the inbox', async () => {
      const day = 86_400_000;
      const expiryWith = async (ms: number | undefined): Promise<number> => {
        await store.addConnection(tenant, 'a', '1=', 9);
        if (ms !== undefined) await keep(ms, { ms });
        await store.removeConnection(tenant, 'a', '1=');
        return ((await store.getAgent(tenant, 'a')).expiresAt ?? 0) - Date.now();
      };
      const isAbout = (ms: number, days: number): void => {
        expect(ms).toBeGreaterThan(days * day - 60_000);
        expect(ms).toBeLessThan((days + 1) * day);
      };
      isAbout(await expiryWith(undefined), 30);
      isAbout(await expiryWith(day), 30);
      isAbout(await expiryWith(300 * day), 300);
    });
  });

  describe('the event that a sleeping agent has mail', () => {
    const inAnHour = Date.now() + 3_600_000;
    const miss = (agentId: string) =>
      store.recordMissed({ tenantId: tenant, agentId, sequence: 7, expiresAt: inAnHour }, undefined);
    const claim = (pauseMs: number) => store.claimWake(tenant, 'a', pauseMs);

    test('is claimed by one, and by the next one after the pause', async () => {
      await miss('a');
      const claims = await Promise.all([claim(60_000), claim(60_000), claim(60_000)]);
      expect(claims.filter((each) => each !== undefined)).toEqual([
        { tenantId: tenant, agentId: 'a', version: undefined, sequence: 7 },
      ]);
      expect(await claim(60_000)).toBeUndefined();
      expect(await claim(0)).toMatchObject({ sequence: 7 });
      expect(await store.getAgent(tenant, 'a')).toMatchObject({ wakeClaimedAt: expect.any(Number) });
    });

    test('is not due without mail, for a connected agent, or once it was sent', async () => {
      expect(await claim(0)).toBeUndefined();
      await store.addConnection(tenant, 'a', '1=', 9);
      await miss('a');
      expect(await claim(0)).toBeUndefined();
      await store.removeConnection(tenant, 'a', '1=');
      const claimed = await claim(0);
      const { version } = await store.getAgent(tenant, 'a');
      expect(claimed).toMatchObject({ version });
      await store.markWoken(claimed!);
      await store.markWoken(claimed!);
      expect(await store.getAgent(tenant, 'a')).toMatchObject({ announcedFor: version });
      expect(await claim(0)).toBeUndefined();
    });

    test('holds for an agent that never connected, until it comes and leaves', async () => {
      await miss('a');
      await store.markWoken((await claim(0))!);
      expect(await store.getAgent(tenant, 'a')).toMatchObject({ announcedFor: 0 });
      await miss('a');
      expect(await claim(0)).toBeUndefined();
      await store.addConnection(tenant, 'a', '1=', 9);
      await store.removeConnection(tenant, 'a', '1=');
      expect(await claim(0)).toMatchObject({ sequence: 7 });
    });

    test('sent for an absence that is over, it counts for nothing', async () => {
      await miss('a');
      const early = (await claim(0))!;
      await store.addConnection(tenant, 'a', '1=', 9);
      await store.removeConnection(tenant, 'a', '1=');
      await store.markWoken(early);
      expect(await claim(0)).toMatchObject({ sequence: 7 });
    });
  });

  describe('the inbox mark', () => {
    const at = (sequence: number, expiresAt = Date.now() + 3_600_000) => ({
      tenantId: tenant,
      agentId: 'a',
      sequence,
      expiresAt,
    });
    const note = (sequence: number) => store.recordMissed(at(sequence), undefined);
    const mark = async () => (await store.getAgent(tenant, 'a')).inboxMark;

    test('is absent for agents that have missed nothing', async () => {
      expect(await store.getAgent(tenant, 'a')).toEqual({
        connectionIds: [],
        version: undefined,
        inboxMark: undefined,
        handled: undefined,
        expiresAt: undefined,
        record: undefined,
      });
      expect(await store.addConnection(tenant, 'a', '1=', 9)).toMatchObject({
        outcome: 'added',
        inboxMark: undefined,
      });
      expect(await mark()).toBeUndefined();
    });

    test('is kept for an agent that was never there, without making it known as anything', async () => {
      expect(await store.recordMissed(at(7), await store.getAgent(tenant, 'a'))).toBe(true);
      expect(await store.getAgent(tenant, 'a')).toMatchObject({
        connectionIds: [],
        version: undefined,
        inboxMark: { from: 7, count: 1 },
      });
      expect((await inspect(tenant, 'a'))?.status).toBeUndefined();
    });

    test('goes down to the oldest and counts every note', async () => {
      for (const sequence of [7, 9, 7, 5]) await note(sequence);
      expect(await mark()).toEqual({ from: 5, count: 4 });
    });

    test('is returned to the connection by the write that adds it', async () => {
      await note(7);
      const told = { from: 7, count: 1 };
      expect(await store.addConnection(tenant, 'a', '1=', 1)).toMatchObject({
        outcome: 'added',
        inboxMark: told,
      });
      expect(await store.addConnection(tenant, 'a', '1=', 1)).toMatchObject({
        outcome: 'present',
        inboxMark: told,
      });
      expect(await store.addConnection(tenant, 'a', '2=', 1)).toMatchObject({
        outcome: 'full',
        inboxMark: told,
      });
    });

    test('lives through connecting and disconnecting, and leaves the version alone', async () => {
      await store.addConnection(tenant, 'a', '1=', 9);
      const { version } = await store.getAgent(tenant, 'a');
      await note(7);
      expect((await store.getAgent(tenant, 'a')).version).toBe(version);
      await store.removeConnection(tenant, 'a', '1=');
      await store.addConnection(tenant, 'a', '2=', 9);
      expect(await mark()).toEqual({ from: 7, count: 1 });
    });

    test.each([
      ['a first connection', (): unknown => undefined],
      ['another connection', (): unknown => store.addConnection(tenant, 'a', '1=', 9)],
    ])('is refused when %s has come since the look', async (_, before) => {
      await before();
      const seen = await store.getAgent(tenant, 'a');
      await store.addConnection(tenant, 'a', '2=', 9);
      expect(await store.recordMissed(at(7), seen)).toBe(false);
      expect(await mark()).toBeUndefined();
    });

    test('is refused when a connection has come and gone since the look, whatever the mark was', async () => {
      await note(5);
      const seen = await store.getAgent(tenant, 'a');
      await store.addConnection(tenant, 'a', '1=', 9);
      await store.removeConnection(tenant, 'a', '1=');
      expect(await store.recordMissed(at(7), seen)).toBe(false);
      expect(await store.recordMissed(at(3), seen)).toBe(false);
      expect(await mark()).toEqual({ from: 5, count: 1 });
    });

    test('is taken although the mark has moved since the look', async () => {
      await note(5);
      const seen = await store.getAgent(tenant, 'a');
      await note(3);
      expect(await store.recordMissed(at(4), seen)).toBe(true);
      expect(await mark()).toEqual({ from: 3, count: 3 });
    });

    test('is settled by a connection of the set, once', async () => {
      await note(5);
      const added = await store.addConnection(tenant, 'a', '1=', 9);
      expect(await store.settleMark(tenant, 'a', '1=', added.inboxMark!)).toBe(true);
      expect(await mark()).toBeUndefined();
      expect(await store.settleMark(tenant, 'a', '1=', added.inboxMark!)).toBe(false);
    });

    test('is raised by a connection that took a part', async () => {
      await note(5);
      const { inboxMark: told } = await store.addConnection(tenant, 'a', '1=', 9);
      expect(await store.settleMark(tenant, 'a', '1=', told!, 8)).toBe(true);
      expect(await mark()).toEqual({ from: 8, count: 1 });
    });

    test('is not settled when something was noted since, even if the mark did not move', async () => {
      await note(5);
      const { inboxMark: told } = await store.addConnection(tenant, 'a', '1=', 9);
      await note(6);
      expect(await store.settleMark(tenant, 'a', '1=', told!)).toBe(false);
      expect(await store.settleMark(tenant, 'a', '1=', told!, 6)).toBe(false);
      expect(await mark()).toEqual({ from: 5, count: 2 });
    });

    test('is not settled for a connection that has left the set', async () => {
      await note(5);
      const { inboxMark: told } = await store.addConnection(tenant, 'a', '1=', 9);
      await store.addConnection(tenant, 'a', '2=', 9);
      await store.removeConnection(tenant, 'a', '1=');
      expect(await store.settleMark(tenant, 'a', '1=', told!)).toBe(false);
      expect(await mark()).toEqual({ from: 5, count: 1 });
    });

    test('that was settled does not come back for an old note of the same message', async () => {
      await note(5);
      const { inboxMark: told } = await store.addConnection(tenant, 'a', '1=', 9);
      await store.settleMark(tenant, 'a', '1=', told!);
      await note(5);
      expect(await store.settleMark(tenant, 'a', '1=', told!)).toBe(false);
      expect(await mark()).toEqual({ from: 5, count: 2 });
    });

    test('is kept at least as long as the message', async () => {
      const inAYear = Date.now() + 365 * 86_400_000;
      await store.recordMissed(at(5, inAYear), undefined);
      expect((await store.getAgent(tenant, 'a')).expiresAt).toBeGreaterThanOrEqual(inAYear);
      await store.addConnection(tenant, 'a', '1=', 9);
      expect((await store.getAgent(tenant, 'a')).expiresAt).toBeUndefined();
    });

    test('loses no note, whatever runs at the same time', async () => {
      const sequences = [9, 4, 12, 3, 8, 30];
      await Promise.all([
        ...sequences.map((sequence) => note(sequence)),
        ...['1=', '2=', '3='].map((id) => store.addConnection(tenant, 'a', id, 9)),
      ]);
      expect(await mark()).toEqual({ from: 3, count: sequences.length });
    });
  });

  describe('presence', () => {
    const join = (connectionId: string) => store.addConnection(tenant, 'a', connectionId, 9);
    const leave = (connectionId: string) => store.removeConnection(tenant, 'a', connectionId);
    const say = (connectionId: string, status?: string, capabilities?: string[]) =>
      store.setPresence(tenant, 'a', connectionId, { status, capabilities });
    const known = async () => (await store.getAgent(tenant, 'a')).record;
    const agents = async (after?: string) =>
      (await collect(store.agents(tenant, after))).flatMap(({ record }) => record?.agentId ?? []);

    test('the first connection is an arrival, the last one a departure, and those between are neither', async () => {
      const first = await join('1=');
      expect(first.arrival).toMatchObject({
        agentId: 'a',
        status: 'online',
        capabilities: [],
        lastDeparture: undefined,
      });
      expect(first.arrival!.changedAt).toBeGreaterThan(1_600_000_000_000);
      expect((await join('1=')).arrival).toBeUndefined();
      expect((await join('2=')).arrival).toBeUndefined();
      expect((await leave('1=')).departure).toBeUndefined();
      const { departure } = await leave('2=');
      expect(departure).toMatchObject({ status: 'offline', version: first.arrival!.version + 3 });
      expect(departure!.lastDeparture).toEqual({
        at: departure!.changedAt,
        status: 'online',
        announcedVersion: undefined,
      });
      expect((await leave('2=')).departure).toBeUndefined();
      const again = await join('3=');
      expect(again.arrival).toMatchObject({ status: 'online', version: departure!.version + 1 });
      expect(again.arrival!.lastDeparture).toEqual(departure!.lastDeparture);
    });

    test('keeps what the agent says: the status until it leaves, capabilities beyond', async () => {
      const { arrival } = await join('1=');
      expect(await say('1=', 'busy', ['b', 'a'])).toMatchObject({
        status: 'busy',
        capabilities: ['b', 'a'],
        version: arrival!.version + 1,
      });
      await join('2=');
      expect(await say('2=', undefined, [])).toMatchObject({ status: 'busy', capabilities: [] });
      expect(await say('2=', 'idle', ['x'])).toMatchObject({ status: 'idle', capabilities: ['x'] });
      expect(await known()).toMatchObject({
        status: 'idle',
        capabilities: ['x'],
        version: arrival!.version + 4,
      });
      await leave('1=');
      const { departure } = await leave('2=');
      expect(departure).toMatchObject({
        status: 'offline',
        capabilities: ['x'],
        lastDeparture: { status: 'idle' },
      });
      expect((await join('3=')).arrival).toMatchObject({ status: 'online', capabilities: ['x'] });
    });

    test('takes no word of a connection that is not in the set', async () => {
      expect(await say('1=', 'busy')).toBeUndefined();
      expect(await known()).toBeUndefined();
      await join('1=');
      expect(await say('2=', 'busy')).toBeUndefined();
      await leave('1=');
      expect(await say('1=', 'busy')).toBeUndefined();
      expect(await known()).toMatchObject({ status: 'offline' });
    });

    test('notes that watchers were told only while the agent is away under that version', async () => {
      const { arrival } = await join('1=');
      expect(await store.markAnnounced(tenant, 'a', arrival!.version)).toBe(false);
      const { departure } = await leave('1=');
      expect(await store.markAnnounced(tenant, 'a', departure!.version - 1)).toBe(false);
      expect(await store.markAnnounced(tenant, 'a', departure!.version)).toBe(true);
      expect(await store.markAnnounced(tenant, 'a', departure!.version)).toBe(true);
      expect((await known())?.lastDeparture?.announcedVersion).toBe(departure!.version);
      const again = await join('2=');
      expect(again.arrival!.lastDeparture?.announcedVersion).toBe(again.arrival!.version - 1);
      expect(await store.markAnnounced(tenant, 'a', departure!.version)).toBe(false);
      expect(await store.markAnnounced(tenant, 'nobody', 1)).toBe(false);
    });

    test('lists the agents of one tenant in their order, those that are away included', async () => {
      for (const agent of ['b', 'a', 'Z', 'ä', '😀', 'a/b'])
        await store.addConnection(tenant, agent, '1=', 9);
      await store.addConnection(`${tenant}-other`, 'c', '1=', 9);
      await store.recordMissed({ tenantId: tenant, agentId: 'never', sequence: 1, expiresAt: 1 }, undefined);
      await store.removeConnection(tenant, 'b', '1=');
      expect(await agents()).toEqual(['Z', 'a', 'a/b', 'b', 'ä', '😀']);
      expect(await agents('a/b')).toEqual(['b', 'ä', '😀']);
      expect(await agents('aa')).toEqual(['b', 'ä', '😀']);
      expect(await agents('😀')).toEqual([]);
      const read = await collect(store.agents(tenant, 'b'));
      expect(read.map(({ agentId }) => agentId)).toEqual(['ä', '😀']);
    });

    test('loses no word and no connection, whatever runs at the same time', async () => {
      await join('0=');
      const ids = ['1=', '2=', '3=', '4='];
      await Promise.all([...ids.map((id) => join(id)), ...ids.map((_, n) => say('0=', `s${String(n)}`))]);
      const before = (await known())!;
      expect([...(await store.connectionIds(tenant, 'a'))].sort()).toEqual(['0=', ...ids]);
      expect(before.status).toMatch(/^s[0-3]$/);
      await Promise.all(['0=', ...ids].map((id) => leave(id)));
      expect(await known()).toMatchObject({ status: 'offline', version: before.version + 5 });
    });
  });
}
