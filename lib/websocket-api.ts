/**
 * The WebSocket API: the stage, its three routes and the authorizer in front of them. Created before the functions,
 * because they need its callback URL; `route` connects them.
 */
import { ArnFormat, Duration, Stack } from 'aws-cdk-lib';
import {
  CfnIntegration,
  type CfnStage,
  WebSocketApi,
  WebSocketStage,
  type IAccessLogSettings,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { WebSocketLambdaAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { WebSocketLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge';
import { edgeSecretHeader } from '../lambda/contract';
import type { NodeFunction } from './functions/node-function';

/** Clients append `/ws` to their base URL, and a stage takes no path below its name. */
const stageName = 'ws';
const connectOnly =
  'API Gateway takes an authorizer on $connect only; its decision holds for the connection.';

export interface WebSocketEndpointProps {
  readonly apiName: string;
  readonly throttle: {
    readonly ratePerSecond: number;
    readonly burst: number;
    /** Of `$connect` alone. */
    readonly connectsPerSecond: number;
    readonly connectBurst: number;
  };
}

export interface Routes {
  readonly authorizer: NodeFunction;
  readonly connect: NodeFunction;
  readonly default: NodeFunction;
  readonly disconnect: NodeFunction;
}

export class WebSocketEndpoint extends Construct {
  readonly stage: WebSocketStage;
  /** `{api}.execute-api.{region}.{suffix}`: origin of the edge. */
  readonly host: string;
  readonly api: WebSocketApi;
  private readonly throttle: WebSocketEndpointProps['throttle'];

  constructor(
    scope: Construct,
    id: string,
    props: WebSocketEndpointProps & { accessLog?: IAccessLogSettings },
  ) {
    super(scope, id);
    this.throttle = props.throttle;
    const { region, urlSuffix } = Stack.of(this);
    this.api = new WebSocketApi(this, 'Api', {
      apiName: props.apiName,
      description: 'Agents connect here: handshakes, frames and disconnects',
      // A constant, so that every message goes to $default, whatever its body contains.
      routeSelectionExpression: '\\$default',
    });
    this.host = `${this.api.apiId}.execute-api.${region}.${urlSuffix}`;
    this.stage = new WebSocketStage(this, 'Stage', {
      webSocketApi: this.api,
      stageName,
      description: 'The only stage; its name is the path that clients append',
      autoDeploy: true,
      // Always explicit: with other route settings and no throttle, API Gateway has rejected all requests.
      throttle: { rateLimit: props.throttle.ratePerSecond, burstLimit: props.throttle.burst },
      ...(props.accessLog === undefined ? {} : { accessLogSettings: props.accessLog }),
    });
    if (props.accessLog === undefined) {
      acknowledge(this.stage, 'AwsSolutions-APIG1', 'Turned off by the setting "accessLog": "off".');
    }
  }

  /** Clients append `/ws`. */
  get baseUrl(): string {
    return `wss://${this.host}`;
  }

  /** Where functions post to connections. Not the stage's own attribute: the stage is created after the routes and their functions. */
  get callbackUrl(): string {
    return `https://${this.host}/${stageName}`;
  }

  /** All connections of this stage, for one method of the management API. */
  connectionsArn(method: 'GET' | 'POST' | 'DELETE'): string {
    return Stack.of(this).formatArn({
      service: 'execute-api',
      resource: this.api.apiId,
      arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
      resourceName: `${stageName}/${method}/@connections/*`,
    });
  }

  /** `isExclusive`: handshakes need the header of the edge. */
  route({ authorizer, connect, default: publish, disconnect }: Routes, isExclusive: boolean): void {
    const connectRoute = this.api.addRoute('$connect', {
      integration: integration('ConnectIntegration', connect),
      authorizer: new WebSocketLambdaAuthorizer('Authorizer', authorizer.function, {
        // The token is in the query only. Without one of these, API Gateway answers 401 and does not invoke the authorizer.
        identitySource: [
          'route.request.querystring.token',
          ...(isExclusive ? [`route.request.header.${edgeSecretHeader}`] : []),
        ],
      }),
    });
    for (const [key, fn] of [
      ['$default', integration('DefaultIntegration', publish)],
      ['$disconnect', integration('DisconnectIntegration', disconnect)],
    ] as const) {
      const route = this.api.addRoute(key, { integration: fn });
      acknowledge(route, 'AwsSolutions-APIG4', connectOnly);
      this.stage.node.addDependency(route);
    }
    this.stage.node.addDependency(connectRoute);
    for (const each of this.api.node.findAll()) {
      // The construct of an integration has no property for it.
      if (each instanceof CfnIntegration) each.description = 'Hands the events of one route to its function';
    }
    this.throttleConnects();
  }

  /** Handshakes have a limit of their own, so that strangers cannot use up the one of messages. */
  private throttleConnects(): void {
    const { connectsPerSecond, connectBurst } = this.throttle;
    const stage = this.stage.node.defaultChild as CfnStage;
    // The construct has no property for the settings of one route.
    stage.routeSettings = {
      $connect: { ThrottlingRateLimit: connectsPerSecond, ThrottlingBurstLimit: connectBurst },
    };
  }
}

/** One instance per route, because a shared one gets a permission for its first route only. */
function integration(id: string, { function: fn, timeoutSeconds }: NodeFunction): WebSocketLambdaIntegration {
  // Longer than the timeout of the function, so that the function's timeout appears in the logs.
  return new WebSocketLambdaIntegration(id, fn, { timeout: Duration.millis(timeoutSeconds * 1_000 + 500) });
}
