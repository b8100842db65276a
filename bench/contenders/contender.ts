/** A contender: one implementation of the bus, with its own laptop gateway and tables. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { synthesize } from '../../bin/synthesis/synthesize';
import {
  type Counts,
  type Gateway,
  type GatewayOptions,
  loadOrCreateKey,
  startGateway,
} from '../../gateway/index';
import { createClaims } from '../../tokens/claims';
import { signJwt } from '../../tokens/jwt';
import { createLocalSigner } from '../../tokens/local-signer';
import { isSeeded } from '../seeded';
import { writeGraphqlAssembly } from './graphql/assembly';
import { writeNaiveAssembly } from './naive/assembly';
import type { Dialect } from './peers';

export const contenderNames = ['lean', 'sdk', 'naive', 'aws-lambda-graphql'] as const;
export type ContenderName = (typeof contenderNames)[number];

export interface ContenderClient {
  readonly channel: string;
  readonly level?: 0 | 1;
}

export interface Contender {
  readonly name: ContenderName;
  readonly dialect: Dialect;
  readonly acknowledges: boolean;
  /** The URL of the agent with this number, for the channel. */
  url(agent: number, client: ContenderClient): Promise<string>;
  counts(): Counts;
  readonly gateway: Gateway;
  stop(): Promise<void>;
}

export const tenant = 'bench';
/** Without the quotas of AWS, because the benchmark compares the contenders and not the rate limiter of the gateway. */
const unlimited = 1e9;

export class ContenderFactory {
  private readonly folder = mkdtempSync(path.join(tmpdir(), 'artcafe-bench-'));
  private readonly assemblies = new Map<ContenderName, Promise<string>>();

  /** `options` of the gateway for this run. */
  async start(name: ContenderName, options: Partial<GatewayOptions> = {}): Promise<Contender> {
    const keyFile = path.join(this.folder, 'key.pem');
    const gateway = await startGateway({
      assembly: await this.assembly(name),
      keyFile,
      connectionsPerSecond: unlimited,
      callbacksPerSecond: unlimited,
      callbackBurst: unlimited,
      isSeeded,
      ...options,
    });
    const common = {
      name,
      gateway,
      counts: () => gateway.costs().counts,
      stop: () => gateway.stop(),
    };
    const base = `${gateway.urls.base}/ws`;
    if (name === 'naive' || name === 'aws-lambda-graphql') {
      return {
        ...common,
        dialect: name === 'naive' ? 'naive' : 'graphql',
        acknowledges: name !== 'naive',
        url: (agent, { channel }) =>
          Promise.resolve(`${base}?channel_id=${channel}&tenant=${tenant}&agent=agent-${agent}`),
      };
    }
    const { TokenIssuer: issuer = '', TokenAudience: audience = '' } = gateway.outputs;
    const signer = createLocalSigner(loadOrCreateKey(keyFile));
    const names = { tenant: 'tenant_id', agent: 'agent_id', channels: 'channels' };
    return {
      ...common,
      dialect: 'artcafe',
      acknowledges: true,
      url: async (agent, { channel, level = 0 }) => {
        const who = { tenant, agent: `agent-${agent}`, expiresInSeconds: 7_200, now: new Date() };
        const token = await signJwt(createClaims({ issuer, audience, names, ...who }), signer);
        const protocol = level === 1 ? '&protocol=artcafe.v1' : '';
        return `${base}?channel_id=${channel}&token=${token}${protocol}`;
      },
    };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Written once per name. */
  private assembly(name: ContenderName): Promise<string> {
    const known = this.assemblies.get(name) ?? this.write(name);
    this.assemblies.set(name, known);
    return known;
  }

  private async write(name: ContenderName): Promise<string> {
    const folder = path.join(this.folder, name);
    if (name === 'naive') return writeNaiveAssembly(folder);
    if (name === 'aws-lambda-graphql') return writeGraphqlAssembly(folder);
    const settings = path.join(this.folder, `${name}.json`);
    // The sender is compiled into the bundles. Without rate limits, because one agent publishes everything.
    const messageRate = { agentPerSecond: 0, tenantPerSecond: 0 };
    writeFileSync(settings, JSON.stringify({ sender: name, messageRate }));
    await synthesize(folder, settings);
    return folder;
  }
}
