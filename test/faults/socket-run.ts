/**
 * Random schedules over real sockets on the laptop gateway, some at a time under one fault plan, each in two tenants of
 * its own. When the faults are over, everybody comes to rest, and the promises are checked against the logs.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../../gateway/faults/decisions';
import type { FaultReport } from '../../gateway/index';
import { type Bus, fresh } from '../helpers/bus';
import type { Violation } from './record';
import { planFor } from './socket-plan';
import { SocketParty } from './socket-party';

const channels = ['news', 'work'];
const agents = ['a0', 'a1'];
const visitor = 'visitor';
const activeMs = 2_500;
const pingMs = 1_500;

export interface SocketResult {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly deliveries: number;
}

/** Schedules of these seeds side by side, under the plan of the first. */
export async function runBatch(
  bus: Bus,
  seeds: readonly number[],
): Promise<{ results: SocketResult[]; report: FaultReport }> {
  const { faultPlan } = bus.inside.gateway;
  if (faultPlan === undefined) throw new Error('The bus has to be started with a fault plan');
  const plan = planFor(seeds[0] ?? 0);
  const schedules = seeds.map((seed) => new SocketSchedule(bus, seed));
  try {
    await Promise.all(schedules.map((schedule) => schedule.open()));
    faultPlan.replace(plan);
    await Promise.all(schedules.map((schedule) => schedule.live()));
    const report = faultPlan.report();
    faultPlan.replace({});
    const results = await Promise.all(schedules.map((schedule) => schedule.settle()));
    return { results, report };
  } finally {
    faultPlan.replace({});
    for (const schedule of schedules) schedule.stop();
  }
}

class SocketSchedule {
  private readonly random: () => number;
  private readonly party: SocketParty;

  constructor(
    private readonly bus: Bus,
    private readonly seed: number,
  ) {
    this.random = seededRandom(seed);
    this.party = new SocketParty(bus, this.random, pingMs);
  }

  async open(): Promise<void> {
    for (const tenantId of [fresh('t'), fresh('u')]) {
      for (const agentId of agents) {
        const { client } = await this.party.add(tenantId, agentId, channels);
        for (const channelId of channels) if (this.random() < 0.8) client.follow(channelId);
      }
    }
    await this.party.connected();
  }

  async live(): Promise<void> {
    const { random, party } = this;
    const end = Date.now() + activeMs;
    while (Date.now() < end) {
      await sleep(random() * 400);
      const member = party.members[Math.floor(random() * party.members.length)]!;
      const channelId = channels[Math.floor(random() * channels.length)] ?? '';
      const chance = random();
      if (chance < 0.4) party.publish(member, { channelId });
      else if (chance < 0.5) party.publish(member, { channelId, isEphemeral: true });
      else if (chance < 0.6) party.publish(member, { to: agents[Math.floor(random() * 2)] ?? '' });
      else if (chance < 0.63) party.publish(member, { to: visitor });
      else if (chance < 0.66) void this.visit(member.identity.tenantId);
      else if (chance < 0.8) member.client.drop(random() < 0.5);
      else if (chance < 0.92) member.client.follow(channelId);
      else member.client.unfollow(channelId);
    }
  }

  /** An agent of the original protocol looks in: what it has missed is pushed by a function that its handshake starts. */
  private async visit(tenant: string): Promise<void> {
    try {
      const client = await this.bus.connect({ tenant, agent: visitor });
      await sleep(200);
      await client.terminate();
    } catch {
      // Refused by a fault.
    }
  }

  async settle(): Promise<SocketResult> {
    const violations = await this.party.settle('news');
    return { seed: this.seed, violations, deliveries: this.party.deliveries };
  }

  stop(): void {
    this.party.stop();
  }
}
