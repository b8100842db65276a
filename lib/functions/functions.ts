/** Creates the functions from the rows of `function-table.ts`. */
import { Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { variables } from '../../lambda/contract';
import { environmentValues, functionVariables, type EnvironmentSource } from './function-environment';
import { functionTable } from './function-table';
import {
  functionNames,
  type FunctionName,
  type FunctionRow,
  type Grant,
  type OptionalFunctionName,
  type Variable,
} from './function-row';
import type { LogSettings } from '../logs/log-group';
import { NodeFunction } from './node-function';

/** The batch operations need the permissions of the single ones. */
const clearing = ['ReceiveMessage', 'DeleteMessage', 'ChangeMessageVisibility', 'GetQueueAttributes'].map(
  (operation) => `sqs:${operation}`,
);
const anyConnection = 'Connection ids are made at run time; stage and method are fixed.';

export interface FunctionsProps extends EnvironmentSource {
  readonly logs: LogSettings;
}

export class Functions extends Construct {
  readonly byName: Readonly<Record<FunctionName, NodeFunction>>;
  /** With the setting `publishQueue`. */
  readonly publishQueue: NodeFunction | undefined;
  private readonly created = new Map<FunctionName, NodeFunction>();

  constructor(
    scope: Construct,
    id: string,
    private readonly props: FunctionsProps,
  ) {
    super(scope, id);
    for (const name of functionNames) this.created.set(name, this.create(name, functionTable[name]));
    this.byName = Object.fromEntries(this.created) as Record<FunctionName, NodeFunction>;
    if (props.settings.publishQueue !== false)
      this.publishQueue = this.create('publishQueue', functionTable.publishQueue);
  }

  private create(name: FunctionName | OptionalFunctionName, row: FunctionRow): NodeFunction {
    const { entry, description, timeoutSeconds, memoryMb, logs, asynchronous, everyMinutes } = row;
    const { settings } = this.props;
    const fn = new NodeFunction(this, `${name.charAt(0).toUpperCase()}${name.slice(1)}Function`, {
      logs:
        logs === 'audit'
          ? { ...this.props.logs, retentionDays: settings.auditRetentionDays }
          : this.props.logs,
      entry,
      description,
      timeoutSeconds,
      memoryMb,
      environment: this.environmentOf(row),
      fixed: row.environment.includes('sender') ? [variables.sender] : [],
    });
    for (const grant of row.grants) this.allow(fn, grant);
    if (asynchronous !== undefined) {
      const failures = asynchronous.hasContent ? undefined : this.props.failures;
      fn.runAsynchronously(failures, asynchronous.maxWaitMinutes);
    }
    if (asynchronous?.invokesItself) fn.allowInvokingItself();
    if (everyMinutes !== undefined) fn.runEvery(everyMinutes);
    return fn;
  }

  private environmentOf({ environment }: FunctionRow): Record<string, string> {
    const values = environmentValues(this.props);
    return Object.fromEntries(
      environment.flatMap((name) => {
        const value = isFunctionVariable(name)
          ? this.named(functionVariables[name]).functionName
          : values[name];
        return value === undefined ? [] : [[variables[name], value]];
      }),
    );
  }

  private allow(fn: NodeFunction, grant: Grant): void {
    const { settings, tables, endpoint, tokenKeys, failures } = this.props;
    switch (grant.to) {
      case 'read-token-key':
        if (tokenKeys.length > 0)
          fn.allow(
            ['kms:GetPublicKey'],
            tokenKeys.map(({ arn }) => arn),
          );
        return;
      case 'put-events':
        if (settings.events !== false) fn.allow(['events:PutEvents'], [busArn(this, settings.events.bus)]);
        return;
      case 'clear-failures':
        fn.allow(clearing, [failures.arn]);
        return;
      case 'invoke':
        fn.allow(
          ['lambda:InvokeFunction'],
          grant.functions.map((name) => this.named(name).functionArn),
        );
        return;
      case 'use-table':
        fn.allow(
          grant.operations.map((operation) => `dynamodb:${operation}`),
          [tables[grant.table].tableArn],
        );
        return;
      case 'manage-connections':
        fn.allowAnyOf(
          ['execute-api:ManageConnections'],
          grant.methods.map((method) => endpoint.connectionsArn(method)),
          anyConnection,
        );
    }
  }

  /** The table lists a function before those that refer to it. */
  private named(name: FunctionName): NodeFunction['function'] {
    const created = this.created.get(name);
    if (created === undefined) throw new Error(`The function table must list ${name} earlier.`);
    return created.function;
  }
}

function isFunctionVariable(name: Variable): name is keyof typeof functionVariables {
  return name in functionVariables;
}

function busArn(scope: Construct, resourceName: string): string {
  return Stack.of(scope).formatArn({ service: 'events', resource: 'event-bus', resourceName });
}
