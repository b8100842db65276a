/** One deployment. Connects the constructs and writes the outputs. Each construct is configured in its own file. */
import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { AccessLog } from './access-log';
import { retainsData, type Settings } from './settings/config';
import { Edge } from './edge/edge';
import { FailureQueue } from './functions/failure-queue';
import { Functions } from './functions/functions';
import { writeOutputs } from './outputs';
import { Tables } from './tables';
import { TokenKey } from './token-key';
import { WebSocketEndpoint } from './websocket-api';

export interface PubSubStackProps extends StackProps {
  readonly settings: Settings;
}

/** @example new PubSubStack(new App(), 'ArtCafePubSub', { settings: parseSettings({}) }) */
export class PubSubStack extends Stack {
  constructor(scope: Construct, id: string, { settings, ...props }: PubSubStackProps) {
    super(scope, id, { description: 'A realtime message bus for fleets of software agents', ...props });
    const { deployment, throttle, accessLog, protection } = settings;
    const retain = retainsData(settings);
    const logs = { retentionDays: settings.logRetentionDays, retain };

    const tables = new Tables(this, 'Tables', { retain, protection });
    const tokenKey =
      settings.token === 'built-in' ? new TokenKey(this, 'TokenKey', { deployment, retain }) : undefined;
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
    const functions = new Functions(this, 'Functions', {
      logs,
      settings,
      tables,
      endpoint,
      failures,
      tokenKey,
    });
    endpoint.route(functions.byName);
    const edge =
      settings.edge === false
        ? undefined
        : new Edge(this, 'Edge', { deployment, origin: endpoint.host, settings: settings.edge });

    writeOutputs(this, { settings, tables, endpoint, functions, failures, tokenKey, edge });
  }
}
