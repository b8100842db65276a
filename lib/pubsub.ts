/**
 * One deployment of the bus as a construct: connects the parts and writes the outputs. Each part is configured in its own file.
 */
import { Names, Stack, Tags, Token } from 'aws-cdk-lib';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { AccessLog } from './access-log';
import { AuditLog } from './audit-log';
import { Edge } from './edge/edge';
import { EdgeSecrets } from './edge/edge-secrets';
import { PublishQueue } from './events/publish-queue';
import { FailureQueue } from './functions/failure-queue';
import { Functions } from './functions/functions';
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
    const { deployment, throttle, accessLog } = settings;
    const retain = retainsData(settings);
    const logs = { retentionDays: settings.logRetentionDays, retain };

    const tables = new Tables(this, 'Tables', { retain, protection: settings.protection });
    const { tokenKey: number, tokenSigner: signerRoleArn } = settings;
    const tokenKeys =
      settings.token === 'built-in'
        ? createTokenKeys(this, { deployment, number, signerRoleArn, retain })
        : [];
    const edgeSecrets =
      settings.edge === false || settings.edge.exclusive === undefined
        ? undefined
        : new EdgeSecrets(this, 'EdgeSecrets', settings.edge.exclusive);
    const log =
      accessLog === 'off'
        ? undefined
        : new AccessLog(this, 'AccessLog', { logs, createRole: accessLog === 'create-role' });
    const endpoint = new WebSocketEndpoint(this, 'WebSocket', {
      apiName: `artcafe-pubsub-${deployment}`,
      throttle,
      ...(log === undefined ? {} : { accessLog: log.settings }),
    });
    log?.createBetween(endpoint.api, endpoint.stage);
    const failures = new FailureQueue(this, 'FailureQueue', { retain });
    const parts = { settings, tables, endpoint, failures, tokenKeys, edgeSecrets };
    const functions = new Functions(this, 'Functions', { logs, ...parts });
    new AuditLog(this, 'AuditLog', functions.byName);
    const queue =
      functions.publishQueue &&
      new PublishQueue(this, 'PublishQueue', {
        retain,
        function: functions.publishQueue,
        failures: failures.queue,
      }).queue;
    endpoint.route(functions.byName, edgeSecrets !== undefined);
    if (settings.monitoring !== false) {
      new Monitoring(this, 'Monitoring', {
        deployment,
        settings: settings.monitoring,
        functions: functions.byName,
        failures: failures.queue,
      });
    }
    const edge =
      settings.edge === false
        ? undefined
        : new Edge(this, 'Edge', {
            deployment,
            origin: endpoint.host,
            settings: settings.edge,
            secret: edgeSecrets?.current,
          });
    // The authorizer takes a new secret before the edge shows it.
    if (edgeSecrets !== undefined) edge?.node.addDependency(functions.byName.authorizer.function);

    Tags.of(this).add('artcafe-pubsub', deployment);
    this.outputs = writeOutputs(this, { ...parts, functions, edge, publishQueue: queue });
    this.baseUrl = edge?.baseUrl ?? endpoint.baseUrl;
    this.publishQueue = queue;
    this.tokenKeyArn = tokenKeys[0]?.arn;
    this.tokenIssuer = this.outputs.TokenIssuer ?? '';
    this.tokenAudience = this.outputs.TokenAudience ?? null;
  }
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
