/**
 * The access log of the stage: one JSON line per handshake, message and disconnect. Never the query string or the
 * path, because they contain the token.
 */
import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AccessLogFormat, CfnAccount } from 'aws-cdk-lib/aws-apigateway';
import { LogGroupLogDestination, type IAccessLogSettings } from 'aws-cdk-lib/aws-apigatewayv2';
import { ManagedPolicy, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge';
import { createLogGroup, type LogSettings } from './log-group';

const fields = {
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

export interface AccessLogProps {
  readonly logs: LogSettings;
  /** Create the role with which API Gateway writes logs; there is one per account and region. */
  readonly createRole: boolean;
}

export class AccessLog extends Construct {
  readonly settings: IAccessLogSettings;
  private readonly account: CfnAccount | undefined;

  constructor(scope: Construct, id: string, { createRole, logs }: AccessLogProps) {
    super(scope, id);
    this.settings = {
      destination: new LogGroupLogDestination(createLogGroup(this, logs)),
      format: AccessLogFormat.custom(JSON.stringify(fields)),
    };
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
