/**
 * A long random walk of tenants that must not meet: connections come and go, publish, subscribe, read logs, inboxes and presence,
 * with hostile ids and random grants and roles. After each text message everything that was posted is held against a model that
 * knows nothing but the rules. Its size is the number of operations: handshakes, ends and frames.
 */
import { removeConnection } from '../../lambda/agents/remove-connection';
import type { Caller } from '../../lambda/shared/caller';
import { createWorld } from '../lambda/world';
import { admitted, type Claims, fits } from './isolation-claims';
import { channels, hostileIds, patterns } from './isolation';

type World = ReturnType<typeof createWorld>;
type Frame = Record<string, unknown>;

/** One connection, as the model knows it. */
interface Guest {
  readonly caller: Caller;
  readonly claims: Claims;
  readonly subscribed: Set<string>;
}

/** Connections at once. */
const crowd = 24;
/** Operations of one world: its memory must not grow without end. */
const perWorld = 4_000;
const operations = ['publish', 'subscribe', 'history', 'presence'] as const;

export class IsolationWalk {
  done = 0;
  /** Messages that somebody received or read: a walk in which nobody hears anything proves nothing. */
  received = 0;
  private world: World = createWorld();
  private guests: Guest[] = [];
  private worldBegan = 0;
  private names = 0;
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0 || 1;
  }

  async run(count: number): Promise<void> {
    while (this.done < count) {
      if (this.guests.length === 0 || this.done - this.worldBegan > perWorld) this.restart();
      const choice = this.below(20);
      if (this.guests.length < crowd / 2 || choice === 0) await this.arrive();
      else if (choice === 1) await this.leave();
      else await this.send();
    }
  }

  private restart(): void {
    this.world = createWorld();
    this.world.deps.connectionLimit = 1_000;
    this.guests = [];
    this.worldBegan = this.done;
  }

  private async arrive(): Promise<void> {
    this.done += 1;
    const claims = this.drawClaims();
    const caller = admitted(claims, `conn-${String((this.names += 1))}`, this.world.clock.time, 1);
    await this.world.open(caller.connectionId, caller);
    this.guests.push({ caller, claims, subscribed: new Set() });
    if (this.guests.length > crowd) await this.leave();
  }

  private async leave(): Promise<void> {
    this.done += 1;
    const [guest] = this.guests.splice(this.below(this.guests.length), 1);
    if (guest === undefined) return;
    const { connectionId, tenantId, agentId } = guest.caller;
    this.world.sockets.closed.add(connectionId);
    await removeConnection(this.world.deps, { connectionId, tenantId, agentId, channels: [] });
  }

  private async send(): Promise<void> {
    const guest = this.pick(this.guests);
    const frames = Array.from({ length: 1 + this.below(12) }, () => this.drawFrame(guest.claims));
    this.done += frames.length;
    const { sockets, log } = this.world;
    sockets.posts.length = 0;
    log.lines.length = 0;
    // Before the effects of the frames: a subscription of this text message may or may not hear the messages of it.
    const before = new Map(this.guests.map((each) => [each.caller.connectionId, new Set(each.subscribed)]));
    const expected = frames.flatMap((frame) => this.expectedOf(guest, frame));
    await this.world.send(guest.caller, frames);
    // Rates are not what is tried here.
    this.world.clock.time += 1_000;
    this.check(guest, frames, expected, before);
  }

  /** What each connection must get for the frame: `connection message-id`. Moves the model. */
  private expectedOf(sender: Guest, frame: Frame): string[] {
    const { caller, claims, subscribed } = sender;
    const channelId = String(frame.channel_id);
    if (frame.type === 'subscribe') {
      if (may(claims, 'subscribe', channelId)) subscribed.add(channelId);
      return [];
    }
    if (frame.type === 'unsubscribe') {
      subscribed.delete(channelId);
      return [];
    }
    if (frame.type !== undefined) return [];
    const isDirect = frame.to !== undefined;
    const isAllowed = isDirect ? mayMessage(claims, String(frame.to)) : may(claims, 'publish', channelId);
    if (!isAllowed) return [];
    return this.guests
      .filter((each) => {
        if (each.claims.tenant !== claims.tenant) return false;
        return isDirect
          ? each.claims.agent === frame.to && each.claims.role !== 'observer'
          : each.subscribed.has(channelId);
      })
      .map((each) => `${each.caller.connectionId} ${String(frame.id)} ${caller.tenantId}`);
  }

  private check(
    sender: Guest,
    frames: readonly Frame[],
    expected: readonly string[],
    before: ReadonlyMap<string, ReadonlySet<string>>,
  ): void {
    const got: string[] = [];
    for (const { connectionId, frame } of this.world.sockets.posts) {
      for (const each of [frame].flat() as Frame[]) {
        if (/^[A-Z]/.test(String(each.type))) this.checkAnswer(sender, connectionId, frames, each);
        else if (each.replayed === true) this.checkReplayed(connectionId, each);
        else got.push(`${connectionId} ${String(each.id)} ${String(each.tenant_id)}`);
      }
    }
    this.received += got.length;
    // Messages of a batch are delivered together at its end, so a subscription that the same batch makes or ends may count or not.
    const moved = frames.some(({ type }) => type === 'subscribe' || type === 'unsubscribe');
    const certain = moved ? (line: string) => !line.startsWith(`${sender.caller.connectionId} `) : () => true;
    same(got.filter(certain), expected.filter(certain), {
      frames,
      sender: sender.claims,
      before: [...before.keys()],
    });
  }

  /** Answers go to the sender alone, and hold nothing of another tenant, nor of a channel that it may not read. */
  private checkAnswer(sender: Guest, connectionId: string, frames: readonly Frame[], answer: Frame): void {
    const { caller, claims } = sender;
    if (connectionId !== caller.connectionId) fail('an answer for somebody else', { answer, claims });
    const asked = frames.find(({ id }) => id === answer.message_id);
    if (answer.type === 'HISTORY') {
      const channelId = String(answer.channel_id);
      if (channelId !== '$inbox' && !may(claims, 'history', channelId))
        fail('a log without a grant', { answer });
      for (const message of answer.messages as Frame[]) this.checkRead(sender, channelId, message);
    }
    if (answer.type === 'PRESENCE' && asked?.query !== undefined) {
      const agents = new Set(
        this.guests
          .filter((each) => each.claims.tenant === claims.tenant && each.claims.role !== 'observer')
          .map((each) => each.claims.agent),
      );
      const online = (answer.agents as Frame[]).filter(({ status }) => status !== 'offline');
      same(
        online.map(({ agent_id }) => String(agent_id)),
        [...agents],
        { claims },
      );
    }
  }

  private checkReplayed(connectionId: string, message: Frame): void {
    const guest = this.guests.find(({ caller }) => caller.connectionId === connectionId);
    if (guest === undefined) fail('a replay for nobody', { message });
    else this.checkRead(guest, message.to === undefined ? String(message.channel_id) : '$inbox', message);
  }

  private checkRead({ claims }: Guest, channelId: string, message: Frame): void {
    this.received += 1;
    const isOfTenant = message.tenant_id === claims.tenant;
    const isOfLog =
      channelId === '$inbox'
        ? message.to === claims.agent && claims.role !== 'observer'
        : message.channel_id === channelId && message.to === undefined;
    const meant = message.metadata as Frame;
    const isMeant = meant.tenant === claims.tenant && meant.where === (message.to ?? channelId);
    if (!isOfTenant || !isOfLog || !isMeant) fail('read what is not its own', { claims, channelId, message });
  }

  private drawFrame({ tenant }: Claims): Frame {
    const id = `m${String((this.names += 1))}`;
    const channel_id = this.pick(channels);
    const choice = this.below(16);
    if (choice < 3) return { type: 'subscribe', id, channel_id };
    if (choice === 3 && this.below(2) === 0) return { type: 'unsubscribe', id, channel_id };
    if (choice === 4)
      return { type: 'history', id, channel_id: this.below(3) === 0 ? '$inbox' : channel_id, limit: 3 };
    if (choice === 5) return { type: 'presence', id, query: {} };
    if (choice === 6) return { type: 'ping', id, channels: [{ channel_id }] };
    return this.below(3) === 0
      ? this.message(id, tenant, { to: this.drawTarget() })
      : this.message(id, tenant, { channel_id });
  }

  /** It says where it is meant to go. */
  private message(
    id: string,
    tenant: string,
    where: { readonly to: string } | { readonly channel_id: string },
  ): Frame {
    const metadata = { tenant, where: Object.values(where)[0] };
    return { id, ...where, content: 1, ...this.kind(), metadata };
  }

  private kind(): Frame {
    return this.below(4) === 0 ? { ephemeral: true } : {};
  }

  /** Mostly somebody who is there. */
  private drawTarget(): string {
    return this.below(4) === 0 ? this.pick(hostileIds) : this.pick(this.guests).claims.agent;
  }

  private drawClaims(): Claims {
    const known = this.guests.length > 0 && this.below(6) > 0 ? this.pick(this.guests).claims : undefined;
    const role = this.below(6);
    return {
      // Tenants have several members, or nothing could be told.
      tenant: known?.tenant ?? this.pick(hostileIds),
      agent: this.pick(hostileIds),
      channels: Object.fromEntries([
        ...Array.from({ length: 1 + this.below(3) }, () => [
          this.pick(patterns),
          operations.filter(() => this.below(4) > 0),
        ]),
        ['$presence', this.below(2) === 0 ? ['presence'] : []],
      ]) as Claims['channels'],
      agents: this.below(3) === 0 ? [this.pick(hostileIds), 't*'] : undefined,
      role: role === 0 ? 'observer' : role === 1 ? 'service' : undefined,
    };
  }

  private pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  /** xorshift: fast, and the seed repeats the walk. */
  private below(bound: number): number {
    this.state ^= this.state << 13;
    this.state ^= this.state >>> 17;
    this.state ^= this.state << 5;
    return (this.state >>> 0) % bound;
  }
}

/** Written apart from the code under test, in the simplest way. */
function may({ channels: granted, role }: Claims, operation: string, channelId: string): boolean {
  if (role === 'observer' && operation === 'publish') return false;
  return Object.entries(granted).some(
    ([pattern, allowed]) => (allowed as readonly string[]).includes(operation) && fits(pattern, channelId),
  );
}

function mayMessage({ agents, role }: Claims, to: string): boolean {
  return role !== 'observer' && (agents === undefined || agents.some((pattern) => fits(pattern, to)));
}

function same(got: readonly string[], wanted: readonly string[], about: object): void {
  const [a, b] = [[...got].sort(), [...wanted].sort()];
  if (a.length === b.length && a.every((each, index) => each === b[index])) return;
  const extra = a.filter((each) => !b.includes(each));
  const missing = b.filter((each) => !a.includes(each));
  fail('receivers differ', { extra, missing, ...about });
}

function fail(what: string, about: object): never {
  throw new Error(`${what}: ${JSON.stringify(about)}`);
}
