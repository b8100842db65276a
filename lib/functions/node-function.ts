/**
 * The defaults of all functions: runtime, bundling, logs and role. A function may write its own log and nothing else;
 * the caller adds the permissions that its code needs.
 */
import { Duration } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as FunctionTarget } from 'aws-cdk-lib/aws-events-targets';
import { Effect, Policy, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
  SystemLogLevel,
} from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { acknowledgeWildcard } from '../acknowledge';
import type { FailureQueue } from './failure-queue';
import { functionCode } from './function-code';
import { createLogGroup, type LogSettings } from '../logs/log-group';

export interface NodeFunctionProps {
  readonly logs: LogSettings;
  /** File in `lambda/functions/` that exports `handler`. */
  readonly entry: string;
  readonly description: string;
  /** Lambda accepts whole seconds only. */
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
  readonly environment: Readonly<Record<string, string>>;
  /** Variables whose values are compiled into the bundle, so that esbuild removes the code that they exclude. */
  readonly fixed?: readonly string[];
}

export class NodeFunction extends Construct {
  readonly function: LambdaFunction;
  readonly timeoutSeconds: number;
  private readonly role: Role;

  constructor(scope: Construct, id: string, props: NodeFunctionProps) {
    super(scope, id);
    this.timeoutSeconds = props.timeoutSeconds;
    const logGroup = createLogGroup(this, props.logs);
    // Instead of the managed basic role, which may write to every log group of the account.
    this.role = new Role(this, 'Role', {
      description: `Of the function: ${props.description}`,
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    });
    this.allow(['logs:CreateLogStream', 'logs:PutLogEvents'], [logGroup.logGroupArn]);

    this.function = new LambdaFunction(this, 'Resource', {
      code: functionCode({ entry: props.entry, fixed: fixedValues(props) }),
      handler: 'index.handler',
      description: props.description,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: props.memoryMb,
      timeout: Duration.seconds(props.timeoutSeconds),
      environment: { ...props.environment },
      role: this.role,
      logGroup,
      // With text logs, Lambda writes three lines per invocation, which cost more than the invocation itself.
      loggingFormat: LoggingFormat.JSON,
      systemLogLevelV2: SystemLogLevel.WARN,
    });
  }

  /** @example fn.allow(['kms:GetPublicKey'], [keyArn]) */
  allow(actions: readonly string[], resources: readonly string[]): void {
    this.role.addToPolicy(
      new PolicyStatement({ effect: Effect.ALLOW, actions: [...actions], resources: [...resources] }),
    );
  }

  /**
   * For a function that is invoked asynchronously. Lambda does not retry a failure, because a retry would deliver
   * twice; the event goes to the queue, if there is one.
   */
  runAsynchronously(failures: FailureQueue | undefined, maxWaitMinutes: number): void {
    this.function.configureAsyncInvoke({
      retryAttempts: 0,
      maxEventAge: Duration.minutes(maxWaitMinutes),
      ...(failures !== undefined && { onFailure: { bind: () => ({ destination: failures.arn }) } }),
    });
    if (failures === undefined) return;
    // Lambda sends the event with the role of the function.
    this.allow(['sqs:SendMessage'], [failures.arn]);
  }

  /** Uses a rule of EventBridge, which invokes the function asynchronously. */
  runEvery(minutes: number): void {
    new Rule(this, 'Schedule', {
      description: `Runs the function every ${minutes} minutes`,
      schedule: Schedule.rate(Duration.minutes(minutes)),
      targets: [new FunctionTarget(this.function, { retryAttempts: 0, maxEventAge: Duration.minutes(1) })],
    });
  }

  /**
   * A separate policy: the function depends on the role's default policy, so that policy cannot refer to the
   * function.
   */
  allowInvokingItself(): void {
    const { functionArn } = this.function;
    new Policy(this, 'SelfPolicy', {
      roles: [this.role],
      statements: [
        new PolicyStatement({
          effect: Effect.ALLOW,
          actions: ['lambda:InvokeFunction'],
          resources: [functionArn],
        }),
      ],
    });
  }

  /** For resources that end in `*`: the security checks require a reason. */
  allowAnyOf(actions: readonly string[], resources: readonly string[], reason: string): void {
    this.allow(actions, resources);
    for (const resource of resources) acknowledgeWildcard(this.role, resource, reason);
  }
}

function fixedValues({ environment, fixed = [] }: NodeFunctionProps): Record<string, string> {
  return Object.fromEntries(fixed.map((name) => [name, environment[name] ?? '']));
}
