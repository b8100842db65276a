/**
 * One running bus for a test file: a gateway on the real assembly, or the stage that `target.ts` names; its URLs, its agents.
 * Every test takes a tenant of its own, so that tests can share a bus.
 */
import { createPrivateKey, type KeyObject, randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  type FaultPlanInput,
  type FaultSettings,
  type Gateway,
  certificateFiles,
  type GatewayLogEntry,
  newAccount,
  startGateway,
} from '../../gateway/index';
import { assemblyFor } from './assembly';
import { eventually } from './eventually';
import { inTurnUntilAnswered, takeTurnsAt } from '../tls/turns';
import { type Tables, tablesOf } from './tables';
import { target } from './target';
import { type Claims, headerFor, signed, newKey, type Signer, tokenFromCommand } from './tokens';
import { TestClient } from './ws-client';

export type Base = 'api' | 'edge';
export const bases: readonly Base[] = ['api', 'edge'];

export interface Who {
  readonly tenant: string;
  readonly agent: string;
  /** The `channels` claim, when there is to be one. */
  readonly channels?: readonly string[];
  /** Default: an hour. */
  readonly expiresInSeconds?: number;
}

const connectAttempts = 4;

export interface Asking {
  readonly base?: Base;
  readonly channel?: string;
  readonly echo?: boolean;
  /** Of the protocol; default 0. */
  readonly level?: 0 | 1;
  /** The channel stands in the path, with tenant and agent. */
  readonly pathForm?: boolean;
}

export interface BusOptions {
  /** A whole settings file; default: no settings. */
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly connectionsPerSecond?: number;
  /** Default: those in GATEWAY_FAULTS, so that the whole suite can run under faults. */
  readonly faults?: FaultSettings;
  /** What goes wrong between the functions and AWS; `inside.gateway.faultPlan` replaces it. */
  readonly faultPlan?: FaultPlanInput;
  /** Keeps the tables and the signing key for the next bus of the folder; default: nothing is kept. */
  readonly folder?: string;
  /** Runs another release of the service, on its own gateway; default: this one. */
  readonly release?: Release;
}

export interface Release {
  readonly assembly: string;
  readonly startGateway: typeof startGateway;
}

export interface Inside {
  readonly gateway: Gateway;
  readonly tables: Tables;
  readonly signer: Signer;
  readonly log: readonly GatewayLogEntry[];
}

export class Bus {
  private readonly clients = new Set<TestClient>();
  /** Attempts of `connect` that the service failed. The rows of such connections may wait for a sweep. */
  failedHandshakes = 0;

  private constructor(
    private readonly bases: Readonly<Record<Base, string>>,
    private readonly insideOfGateway: Inside | undefined,
    private readonly release: () => Promise<void>,
    /** Another release may send what the schemas of this one do not have. */
    private readonly isOfThisRelease = true,
  ) {}

  static async start({
    settings = {},
    connectionsPerSecond = 10_000,
    faults = faultsOfTheRun(),
    faultPlan,
    folder: keptFolder,
    release,
  }: BusOptions = {}): Promise<Bus> {
    if (target !== undefined) {
      return new Bus({ api: target.base, edge: target.edge }, undefined, () => Promise.resolve());
    }
    const folder = keptFolder ?? mkdtempSync(path.join(tmpdir(), 'artcafe-bus-'));
    const keyFile = path.join(folder, 'key.pem');
    const key = keyIn(keyFile);
    const log: GatewayLogEntry[] = [];
    const start = release?.startGateway ?? startGateway;
    const gateway = await start({
      assembly: release?.assembly ?? (await assemblyFor(settings)),
      keyFile,
      ...(keptFolder === undefined ? {} : { dataDirectory: path.join(keptFolder, 'tables') }),
      connectionsPerSecond,
      ...(faults === undefined ? {} : { faults }),
      ...(process.env.GATEWAY_TLS ? { tls: certificateFiles(process.env.GATEWAY_TLS), ...newAccount } : {}),
      ...(faultPlan === undefined ? {} : { faultPlan }),
      log: (entry) => log.push(entry),
    });
    const endTurns = process.env.GATEWAY_TLS ? takeTurnsAt(gateway) : undefined;
    const { TokenIssuer: issuer, TokenAudience: audience } = gateway.outputs;
    const { base, edge } = gateway.urls;
    if (issuer === undefined || audience === undefined || edge === undefined) {
      throw new Error('The assembly lacks outputs that the tests need');
    }
    const inside = {
      gateway,
      tables: tablesOf(gateway),
      signer: { key, issuer, audience },
      log,
    };
    const stop = async () => {
      endTurns?.();
      inside.tables.close();
      await gateway.stop();
      if (keptFolder === undefined) rmSync(folder, { recursive: true, force: true });
    };
    return new Bus({ api: base, edge }, inside, stop, release === undefined);
  }

  /** What a stage on AWS does not let us see or touch. */
  get inside(): Inside {
    if (this.insideOfGateway === undefined) throw new Error('Only a gateway of our own can be looked into');
    return this.insideOfGateway;
  }

  get baseUrls(): Readonly<Record<Base, string>> {
    return this.bases;
  }

  /** Epoch milliseconds on the clock of the bus. */
  now(): number {
    return this.insideOfGateway?.gateway.clock.now() ?? Date.now();
  }

  async token({ tenant, agent, channels, expiresInSeconds = 3_600 }: Who): Promise<string> {
    if (target !== undefined) {
      const options = ['--tenant', tenant, '--agent', agent, '--expires-in', `${expiresInSeconds}s`];
      return tokenFromCommand(target.tokenCommand, [
        ...options,
        ...(channels === undefined ? [] : ['--channels', channels.join()]),
      ]);
    }
    return this.signedToken({
      tenant_id: tenant,
      agent_id: agent,
      exp: this.seconds() + expiresInSeconds,
      ...(channels === undefined ? {} : { channels }),
    });
  }

  /** A truly signed token with the claims; `undefined` takes one away, also from the header. */
  signedToken(claims: Claims, header: Claims = {}): string {
    const { key, issuer, audience } = this.inside.signer;
    const payload = {
      iss: issuer,
      aud: audience,
      iat: this.seconds(),
      exp: this.seconds() + 3_600,
      ...claims,
    };
    return signed({ ...headerFor(key), ...header }, payload, key);
  }

  /** Gives an order of the operator, as `artcafe revoke` does, and waits until it has been carried out. */
  async order(order: object): Promise<unknown> {
    const { endpoints, outputs } = this.inside.gateway;
    const name = outputs.RevokeFunctionName ?? '';
    const url = `${endpoints.lambda}/2015-03-31/functions/${name}/invocations`;
    const headers = {
      authorization: 'AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/lambda/aws4_request',
    };
    const body = JSON.stringify(order);
    const response = await inTurnUntilAnswered(() => fetch(url, { method: 'POST', headers, body }));
    if (response.headers.has('X-Amz-Function-Error')) throw new Error(await response.text());
    return response.json();
  }

  /** Epoch seconds on the clock of the bus. */
  seconds(): number {
    return Math.floor(this.now() / 1_000);
  }

  /** `{base}/ws` with the parameters in their order; a list gives the same name several times. */
  url(parameters: Readonly<Record<string, string | readonly string[]>>, base: Base = 'api'): string {
    const pairs = Object.entries(parameters).flatMap(([name, value]) =>
      (typeof value === 'string' ? [value] : value).map((each) => `${name}=${encodeURIComponent(each)}`),
    );
    return `${this.bases[base]}/ws${pairs.length === 0 ? '' : `?${pairs.join('&')}`}`;
  }

  /** The path form, which the edge has; the names are encoded. */
  pathUrl(token: string, tenant: string, agent: string, channel: string): string {
    const [t, a, c] = [tenant, agent, channel].map(encodeURIComponent);
    return `${this.bases.edge}/ws/tenant/${t}/agent/${a}/channel/${c}?token=${token}`;
  }

  /** Tries again when the service can't tell now, as clients do: on a busy machine its calls take longer than their time. */
  async connect(who: Who, asking: Asking = {}): Promise<TestClient> {
    const url = await this.urlFor(who, asking);
    const subProtocols = asking.level === 1 ? ['artcafe.v1'] : [];
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.open(url, subProtocols);
      } catch (error) {
        if (!isOfService(error) || attempt === connectAttempts) throw error;
        this.failedHandshakes += 1;
      }
    }
  }

  async urlFor(who: Who, { base = 'api', channel, echo, pathForm = false }: Asking = {}): Promise<string> {
    const token = await this.token(who);
    const withEcho = echo === undefined ? {} : { echo: String(echo) };
    if (pathForm && channel !== undefined) {
      const url = this.pathUrl(token, who.tenant, who.agent, channel);
      return echo === undefined ? url : `${url}&echo=${String(echo)}`;
    }
    return this.url({ token, ...(channel === undefined ? {} : { channel_id: channel }), ...withEcho }, base);
  }

  /** A client that `hangUp` closes. */
  async open(url: string, subProtocols: readonly string[] = []): Promise<TestClient> {
    const client = await TestClient.open(url, subProtocols).catch((error: unknown) => {
      throw this.explained(error);
    });
    this.clients.add(client);
    return client;
  }

  /** A handshake that the service failed, with what its functions said of failures. */
  private explained(error: unknown): unknown {
    if (!isOfService(error)) return error;
    const said = (this.insideOfGateway?.log ?? [])
      .filter(({ stream, text }) => stream !== 'stdout' || text.includes('"level":"error"'))
      .slice(-5);
    return new Error([error.message, ...said.map((entry) => `${entry.function}: ${entry.text}`)].join('\n'));
  }

  /** Resolves when no function runs: ends of connections, too, cost calls and send events. */
  async atRest(): Promise<void> {
    await eventually(
      () => this.inside.gateway.running(),
      (running) => running === 0,
    );
  }

  /** Ends what the test has opened. Throws when a frame was not as its schema says. */
  async hangUp(): Promise<void> {
    const open = [...this.clients];
    this.clients.clear();
    await Promise.all(open.map((client) => client.terminate()));
    const [error] = open.flatMap((client) => client.schemaErrors);
    if (error !== undefined && this.isOfThisRelease)
      throw new Error(`A frame does not fit its schema: ${error}`);
  }

  async stop(): Promise<void> {
    try {
      await this.hangUp();
    } finally {
      await this.release();
    }
  }
}

/** A handshake that the service failed: its caller may come again. */
function isOfService(error: unknown): error is Error {
  return error instanceof Error && error.message.startsWith('Unexpected server response: 5');
}

function keyIn(file: string): KeyObject {
  if (existsSync(file)) return createPrivateKey(readFileSync(file));
  const key = newKey();
  writeFileSync(file, key.export({ type: 'pkcs8', format: 'pem' }));
  return key;
}

function faultsOfTheRun(): FaultSettings | undefined {
  const { GATEWAY_FAULTS } = process.env;
  return GATEWAY_FAULTS ? (JSON.parse(GATEWAY_FAULTS) as FaultSettings) : undefined;
}

/** An id that no other test has. */
export function fresh(word: string): string {
  return `${word}-${randomUUID().slice(0, 8)}`;
}
