/**
 * Random text messages of an agent that wants to cost as much as it can, and a search that keeps and changes the most expensive ones.
 * Cost is counted in work units, without deliveries to others: nobody else is connected.
 */
import { limits } from '../../protocol/index';
import { connect } from '../../lambda/agents/connect';
import { defaultRoute } from '../../lambda/events/web-socket/default';
import type { ConnectionSender } from '../../lambda/shared/ports';
import { WorkMeter } from '../../lambda/shared/work-meter';
import {
  MeteredAgentStore,
  MeteredConnectionStore,
  MeteredHistoryStore,
  MeteredTenantUsage,
} from '../doubles/metered-stores';
import { chance } from '../lambda/rate-fleet';
import { createWorld } from '../lambda/world';
import { type Frame, FrameDraw } from './costly-frames';
import { agentPage, fillAgents, fillLogs, type Prepared, tenantId } from './costly-world';

export interface CostlyText {
  readonly frames: readonly Frame[];
  readonly units: number;
}

const agentId = 'a';
const connectionId = 'c0';

const unlimited = { perSecond: 0, burst: 1 };
/** Keeps nothing: only the work is counted. */
const silentSender: ConnectionSender = {
  post: () => Promise.resolve('delivered'),
  status: () => Promise.resolve('open'),
};

export class CostlyTexts {
  private readonly random: () => number;
  private readonly draw: FrameDraw;
  /** Filled once; each text message has a copy. */
  private readonly filled: Promise<{ logs: MeteredHistoryStore; agents: MeteredAgentStore }>;

  constructor(prepared: Prepared, seed: number) {
    this.random = chance(seed);
    this.draw = new FrameDraw(prepared, this.random);
    this.filled = this.fill(prepared);
  }

  /** The most expensive of `count` texts, beginning with the most expensive one. */
  async search(count: number, keep: number): Promise<readonly CostlyText[]> {
    const best: CostlyText[] = [];
    for (let tried = 0; tried < count; tried++) {
      const isNew = best.length === 0 || this.random() < 0.2;
      const frames = isNew ? this.draw.text() : this.draw.change(this.draw.pick(best).frames);
      best.push({ frames, units: await this.unitsOf(frames) });
      best.sort((one, other) => other.units - one.units);
      if (best.length > keep) best.pop();
    }
    return best;
  }

  /** In a world of its own. */
  async unitsOf(frames: readonly Frame[]): Promise<number> {
    const body = JSON.stringify(frames);
    if (Buffer.byteLength(body) > limits.messageBytes) return 0;
    const { deps, work } = await this.createWorld();
    const requestContext = {
      connectionId,
      requestId: 'event',
      requestTimeEpoch: deps.clock.time,
      connectedAt: deps.clock.time,
      authorizer: {
        tenant: tenantId,
        agent: agentId,
        grants: '{"*":["publish","subscribe","history","presence"],"$presence":["presence"]}',
        exp: String(deps.clock.time / 1_000 + 3_600),
        level: '1',
      },
    };
    await defaultRoute(deps)({ body, requestContext });
    return work.units;
  }

  private async fill(prepared: Prepared) {
    const { clock } = createWorld();
    const logs = new MeteredHistoryStore(new WorkMeter());
    const agents = new MeteredAgentStore(clock, new WorkMeter());
    await fillLogs(logs, prepared, clock.time);
    await fillAgents(agents, prepared);
    return { logs, agents };
  }

  private async createWorld() {
    const { logs, agents } = await this.filled;
    const work = new WorkMeter();
    const base = createWorld();
    const deps = {
      ...base.deps,
      work,
      history: new MeteredHistoryStore(work),
      connections: new MeteredConnectionStore(work),
      usage: new MeteredTenantUsage(work),
      agents: new MeteredAgentStore(base.clock, work, agentPage),
      sender: silentSender,
      rateLimits: { agent: unlimited, tenant: unlimited, agentWork: unlimited, tenantWork: unlimited },
    };
    deps.history.takeFrom(logs);
    deps.agents.takeFrom(agents);
    await connect(deps, base.caller(connectionId, { tenantId, agentId, channelId: undefined, level: 1 }));
    work.reset();
    return { deps, work };
  }
}
