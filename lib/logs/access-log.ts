/**
 * The access log of both stages: one JSON line per handshake, message, disconnect and HTTP request. Never the query string or the
 * path, because they contain the token.
 */
import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AccessLogFormat, CfnAccount } from 'aws-cdk-lib/aws-apigateway';
import { LogGroupLogDestination, type IAccessLogSettings } from 'aws-cdk-lib/aws-apigatewayv2';
import { ManagedPolicy, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { acknowledge } from '../acknowledge';
import { createLogGroup, type LogSettings } from './log-group';

const webSocketFields = {
  requestTime: '$context.requestTime',
  requestId: '$context.requestId',
  eventType: '$context.eventType',
  routeKey: '$context.routeKey',
  connectionId: '$context.connectionId',
  messageId: '$context.messageId',
  status: '$context.status',
  errorType: '$context.error.responseType',
  authorizerStatus: '$context.authorizer.status',
  authorizerError: '$context.authorizer.error',
  authorizerLatency: '$context.authorizer.latency',
  integrationStatus: '$context.integration.status',
  integrationError: '$context.integration.error',
  integrationLatency: '$context.integrationLatency',
  sourceIp: '$context.identity.sourceIp',
};

/** The path of an HTTP request has no token in it, but ids of agents; the route and the function's own log are enough. */
const httpFields = {
  requestTime: '$context.requestTime',
  requestId: '$context.requestId',
  httpMethod: '$context.httpMethod',
  routeKey: '$context.routeKey',
  status: '$context.status',
  integrationStatus: '$context.integrationStatus',
  integrationError: '$context.integrationErrorMessage',
  integrationLatency: '$context.integrationLatency',
  sourceIp: '$context.identity.sourceIp',
};

export interface AccessLogProps {
  readonly logs: LogSettings;
  /** Create the role with which API Gateway writes logs; there is one per account and region. */
  readonly createRole: boolean;
}

export class AccessLog extends Construct {
  /** Of the stage of the WebSocket API. */
  readonly settings: IAccessLogSettings;
  /** Of the stage of the HTTP API, in the same log group. */
  readonly httpSettings: IAccessLogSettings;
  private readonly account: CfnAccount | undefined;

  constructor(scope: Construct, id: string, { createRole, logs }: AccessLogProps) {
    super(scope, id);
    const destination = new LogGroupLogDestination(createLogGroup(this, logs));
    this.settings = { destination, format: AccessLogFormat.custom(JSON.stringify(webSocketFields)) };
    this.httpSettings = { destination, format: AccessLogFormat.custom(JSON.stringify(httpFields)) };
    this.account = createRole ? (accountOf(this) ?? this.createAccountRole()) : undefined;
  }

  /**
   * API Gateway rejects a stage with an access log when the account has no role for it, and may reject the role while the account
   * has no API.
   */
  createBetween(api: Construct, stage: Construct): void {
    if (this.account === undefined) return;
    // Another bus of the stack may have made it, for its own API.
    if (this.account.node.scope === this) this.account.node.addDependency(api);
    stage.node.addDependency(this.account);
  }

  /**
   * Retained: the account setting serves every API of the account, so its removal would stop the logs of other APIs.
   */
  private createAccountRole(): CfnAccount {
    const role = new Role(this, 'AccountRole', {
      description: 'API Gateway writes access logs with it, for all APIs of the account',
      assumedBy: new ServicePrincipal('apigateway.amazonaws.com'),
      managedPolicies: [
        ManagedPolicy.fromAwsManagedPolicyName('service-role/AmazonAPIGatewayPushToCloudWatchLogs'),
      ],
    });
    role.applyRemovalPolicy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE);
    acknowledge(
      role,
      'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]',
      'API Gateway checks for the permissions of exactly this policy, for all APIs of the account.',
    );
    const account = new CfnAccount(this, 'Account', { cloudWatchRoleArn: role.roleArn });
    account.applyRemovalPolicy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE);
    return account;
  }
}

/** There is one setting per account and region, so a stack has one. */
function accountOf(construct: Construct): CfnAccount | undefined {
  return Stack.of(construct)
    .node.findAll()
    .find((each) => each instanceof CfnAccount);
}
