/** The deployment that is verified: its addresses, tokens for a tenant of its own, and what must be closed afterwards. */
import { randomUUID } from 'node:crypto';
import type { KMSClientConfig } from '@aws-sdk/client-kms';
import { createClaims } from '../../tokens/claims';
import { signJwt } from '../../tokens/jwt';
import type { Outputs } from '../deployment/outputs-file';
import { type Mint, mintOfStack } from '../mint';
import { UsageError } from '../usage-error';
import { Client, Refusal } from './client';

/** Where it is, and what only a laptop gateway has. */
export interface Deployment {
  /** Of the stack, for what is said about it. */
  readonly name: string;
  readonly outputs: Outputs;
  /** The API's own base URL; absent with `edge.exclusive`. */
  readonly api: string | undefined;
  /** Absent with `edge: false`. */
  readonly edge: string | undefined;
  /** Runs the sweep at once; absent = only its schedule does. */
  readonly runSweep?: () => Promise<void>;
  /** Where KMS is; absent = AWS, with the operator's own credentials. */
  readonly kms?: KMSClientConfig;
}

export interface TokenRequest {
  readonly expiresInSeconds?: number;
  readonly channels?: readonly string[];
}

export class Target {
  readonly tenant = `verify-${randomUUID()}`;
  readonly api: string | undefined;
  readonly edge: string | undefined;
  /** Where checks connect that are about neither of the two. */
  readonly base: string;
  readonly runSweep: (() => Promise<void>) | undefined;
  private readonly tokens = new Map<string, Promise<string>>();
  private readonly opened = new Set<Client>();
  private minting: Promise<Mint> | undefined;

  /** @throws UsageError when the outputs are not those of a deployment of this release */
  constructor(private readonly deployment: Deployment) {
    const { name, outputs, api, edge, runSweep } = deployment;
    const base = api ?? edge;
    if (base === undefined || outputs.TokenClaims === undefined)
      throw new UsageError(`The outputs of "${name}" are not those of this release; deploy it again.`);
    this.api = api;
    this.edge = edge;
    this.base = base;
    this.runSweep = runSweep;
  }

  /** Signed by the deployment's key in KMS; kept for the agent, unless it asks for something of its own. */
  token(agent: string, request?: TokenRequest): Promise<string> {
    if (request !== undefined) return this.mint(agent, request);
    const kept = this.tokens.get(agent) ?? this.mint(agent, {});
    this.tokens.set(agent, kept);
    return kept;
  }

  url(parameters: Readonly<Record<string, string>>, base = this.base): string {
    return `${base}/ws?${new URLSearchParams(parameters).toString()}`;
  }

  /** The path form, which only the edge has. */
  pathUrl(edge: string, token: string, agent: string, channel: string, tenant = this.tenant): string {
    const [t, a, c] = [tenant, agent, channel].map(encodeURIComponent);
    return `${edge}/ws/tenant/${t}/agent/${a}/channel/${c}?token=${token}`;
  }

  async connect(
    agent: string,
    options: { readonly channel?: string; readonly level?: 0 | 1; readonly base?: string } = {},
  ): Promise<Client> {
    const { channel, level = 0, base } = options;
    const token = await this.token(agent);
    const parameters = { token, ...(channel === undefined ? {} : { channel_id: channel }) };
    return this.open(this.url(parameters, base), level === 1 ? ['artcafe.v1'] : []);
  }

  async open(url: string, subProtocols: readonly string[] = []): Promise<Client> {
    const client = await Client.open(url, subProtocols);
    this.opened.add(client);
    return client;
  }

  /** The status of the handshake; an open connection is closed again. */
  async statusOf(url: string): Promise<number> {
    try {
      (await this.open(url)).close();
      return 101;
    } catch (error) {
      if (error instanceof Refusal) return error.status;
      throw error;
    }
  }

  closeAll(): void {
    for (const client of this.opened) client.cut();
  }

  private async mint(agent: string, { expiresInSeconds = 3_600, channels }: TokenRequest): Promise<string> {
    const { tenant, deployment } = this;
    this.minting ??= mintOfStack(deployment.outputs, deployment.name, deployment.kms);
    const { issuer, audience, signer, names } = await this.minting;
    if (names === undefined) throw new UsageError('The outputs do not name the claims; deploy again.');
    const granted = channels === undefined ? {} : { channels };
    const request = { issuer, audience, names, tenant, agent, ...granted, expiresInSeconds, now: new Date() };
    return signJwt(createClaims(request), signer);
  }
}
