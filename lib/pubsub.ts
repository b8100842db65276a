/**
 * One deployment of the bus as a construct: connects the parts and writes the outputs. Each part is configured in its own file.
 */
import { Names, Stack, Tags, Token } from 'aws-cdk-lib';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { AccessLog } from './logs/access-log';
import { AuditLog } from './logs/audit-log';
import { Edge } from './edge/edge';
import { EdgeSecrets } from './edge/edge-secrets';
import { PublishQueue } from './events/publish-queue';
import { FailureQueue } from './functions/failure-queue';
import { Functions } from './functions/functions';
import { HttpEndpoint } from './http-api';
import type { LogSettings } from './logs/log-group';
import { Monitoring } from './monitoring/monitoring';
import { writeOutputs, type OutputName } from './outputs';
import {
  fixedRegion,
  parseSettings,
  retainsData,
  type Settings,
  type SettingsInput,
} from './settings/config';
import { Tables } from './tables';
import { createTokenKeys } from './token-key';
import { WebSocketEndpoint } from './websocket-api';

/** The settings of docs/settings.md. `deployment` is derived from the path of the construct when it is absent. */
export type ArtCafePubSubProps = SettingsInput;

/**
 * A realtime message bus in a stack of your own. It may occur several times.
 *
 * @throws SettingsError with one sentence that names the invalid setting
 * @example new ArtCafePubSub(this, 'Bus', { retentionHours: 1, edge: false })
 */
export class ArtCafePubSub extends Construct {
  /** Base URL for clients that append `/ws` or the path form: at the edge, or of the stage with `edge: false`. */
  readonly baseUrl: string;
  /** Base URL of the HTTP API: at the edge, or of API Gateway with `edge: false`. */
  readonly httpUrl: string;
  /** The key that signs new tokens; absent when an OIDC issuer does. */
  readonly tokenKeyArn: string | undefined;
  /** Claims `iss` and `aud` of a valid token; `null` = not checked. */
  readonly tokenIssuer: string;
  readonly tokenAudience: string | null;
  /** With the setting `publishQueue`: a target for rules, notifications and state machines. */
  readonly publishQueue: IQueue | undefined;
  /** The values of the outputs, by the names of docs/settings.md. */
  readonly outputs: Readonly<Partial<Record<OutputName, string>>>;

  constructor(scope: Construct, id: string, props: ArtCafePubSubProps = {}) {
    super(scope, id);
    const settings = parseSettings({ deployment: deploymentOf(this), ...props });
    checkRegion(this, settings);
    const retain = retainsData(settings);
    const logs = { retentionDays: settings.logRetentionDays, retain };

    const tables = new Tables(this, 'Tables', { retain, protection: settings.protection });
    const tokenKeys = tokenKeysOf(this, settings);
    const edgeSecrets = edgeSecretsOf(this, settings);
    const { endpoint, http } = addEndpoints(this, settings, logs);
    const { retentionHours } = settings;
    const failures = new FailureQueue(this, 'FailureQueue', { retain, retentionHours });
    const parts = { settings, tables, endpoint, failures, tokenKeys, edgeSecrets };
    const functions = new Functions(this, 'Functions', { logs, ...parts });
    new AuditLog(this, 'AuditLog', functions.byName);
    const publishQueue = publishQueueOf(this, functions, failures, retain);
    endpoint.route(functions.byName, edgeSecrets !== undefined);
    http.route(functions.byName.http);
    addMonitoring(this, settings, functions, failures);
    const edge = edgeOf(this, settings, { endpoint, http, edgeSecrets, functions });

    Tags.of(this).add('artcafe-pubsub', settings.deployment);
    this.outputs = writeOutputs(this, { ...parts, http, functions, edge, publishQueue });
    this.baseUrl = edge?.baseUrl ?? endpoint.baseUrl;
    this.publishQueue = publishQueue;
    this.httpUrl = edge?.httpUrl ?? http.baseUrl;
    this.tokenKeyArn = tokenKeys[0]?.arn;
    this.tokenIssuer = this.outputs.TokenIssuer ?? '';
    this.tokenAudience = this.outputs.TokenAudience ?? null;
  }
}

type TokenKeys = ReturnType<typeof createTokenKeys>;

function tokenKeysOf(bus: Construct, settings: Settings): TokenKeys | [] {
  const { deployment, tokenKey: number, tokenSigner: signerRoleArn } = settings;
  if (settings.token !== 'built-in') return [];
  return createTokenKeys(bus, { deployment, number, signerRoleArn, retain: retainsData(settings) });
}

function edgeSecretsOf(bus: Construct, { edge }: Settings): EdgeSecrets | undefined {
  if (edge === false || edge.exclusive === undefined) return undefined;
  return new EdgeSecrets(bus, 'EdgeSecrets', edge.exclusive);
}

interface Endpoints {
  readonly endpoint: WebSocketEndpoint;
  readonly http: HttpEndpoint;
}

function addEndpoints(bus: Construct, settings: Settings, logs: LogSettings): Endpoints {
  const { deployment, throttle, accessLog, allowedOrigins } = settings;
  const log =
    accessLog === 'off'
      ? undefined
      : new AccessLog(bus, 'AccessLog', { logs, createRole: accessLog === 'create-role' });
  const endpoint = new WebSocketEndpoint(bus, 'WebSocket', {
    apiName: `artcafe-pubsub-${deployment}`,
    throttle,
    ...(log === undefined ? {} : { accessLog: log.settings }),
  });
  log?.createBetween(endpoint.api, endpoint.stage);
  const http = new HttpEndpoint(bus, 'Http', {
    apiName: `artcafe-pubsub-http-${deployment}`,
    throttle,
    allowedOrigins,
    ...(log === undefined ? {} : { accessLog: log.httpSettings }),
  });
  return { endpoint, http };
}

function publishQueueOf(
  bus: Construct,
  { publishQueue }: Functions,
  { queue: failures }: FailureQueue,
  retain: boolean,
): IQueue | undefined {
  if (publishQueue === undefined) return undefined;
  return new PublishQueue(bus, 'PublishQueue', { retain, function: publishQueue, failures }).queue;
}

function addMonitoring(
  bus: Construct,
  { deployment, monitoring, events }: Settings,
  { byName, publishQueue }: Functions,
  failures: FailureQueue,
): void {
  if (monitoring === false) return;
  new Monitoring(bus, 'Monitoring', {
    deployment,
    settings: monitoring,
    functions: { ...byName, publishQueue },
    failures: failures.queue,
    events: events !== false,
  });
}

interface EdgeParts extends Endpoints {
  readonly edgeSecrets: EdgeSecrets | undefined;
  readonly functions: Functions;
}

function edgeOf(
  bus: Construct,
  { deployment, edge: settings }: Settings,
  parts: EdgeParts,
): Edge | undefined {
  if (settings === false) return undefined;
  const { endpoint, http, edgeSecrets, functions } = parts;
  const edge = new Edge(bus, 'Edge', {
    deployment,
    origin: endpoint.host,
    httpOrigin: http.host,
    settings,
    secret: edgeSecrets?.current,
  });
  // The functions take a new secret before the edge shows it.
  if (edgeSecrets !== undefined)
    edge.node.addDependency(functions.byName.authorizer.function, functions.byName.http.function);
  return edge;
}

/** Unique per construct, because the alias of the signing key contains it. */
function deploymentOf(construct: Construct): string {
  const name = Names.uniqueResourceName(construct, { maxLength: 30, separator: '-' }).toLowerCase();
  return /^[a-z]/.test(name) ? name : `b-${name}`;
}

function checkRegion(construct: Construct, settings: Settings): void {
  const { region } = Stack.of(construct);
  fixedRegion(settings, Token.isUnresolved(region) ? undefined : region);
}
