/**
 * The functions: what each is told (its own variables only) and what each may do (its own calls only).
 * Permissions are written by hand, because ready-made grants are wider than the calls that the code makes.
 */
import { Construct } from 'constructs';
import { variables } from '../lambda/contract';
import { tokenTerms, type Settings } from './config';
import type { FailureQueue } from './failure-queue';
import type { LogSettings } from './log-group';
import { NodeFunction } from './node-function';
import type { Tables } from './tables';
import type { TokenKey } from './token-key';
import type { Routes, WebSocketEndpoint } from './websocket-api';

/** More than a run takes, so that two never meet. */
const sweepMinutes = 5;
const anyConnection = 'Connection ids are made at run time; stage and method are fixed.';

export interface FunctionsProps {
  readonly logs: LogSettings;
  readonly settings: Settings;
  readonly tables: Tables;
  readonly endpoint: WebSocketEndpoint;
  readonly failures: FailureQueue;
  /** Absent = tokens come from an OIDC issuer. */
  readonly tokenKey: TokenKey | undefined;
}

export class Functions extends Construct implements Routes {
  readonly authorizer: NodeFunction;
  readonly connect: NodeFunction;
  readonly default: NodeFunction;
  readonly disconnect: NodeFunction;
  readonly inbox: NodeFunction;
  readonly presence: NodeFunction;
  readonly fanOut: NodeFunction;
  readonly sweep: NodeFunction;

  constructor(scope: Construct, id: string, props: FunctionsProps) {
    super(scope, id);
    this.authorizer = this.createAuthorizer(props);
    this.inbox = this.createInbox(props);
    this.presence = this.createPresence(props);
    this.connect = this.createConnect(props);
    this.fanOut = this.createFanOut(props);
    this.default = this.createDefault(props);
    this.disconnect = this.createDisconnect(props);
    this.sweep = this.createSweep(props);
  }

  private createAuthorizer({ settings, tokenKey, logs }: FunctionsProps): NodeFunction {
    const { issuer, audience, jwksUri } = tokenTerms(settings);
    const fn = new NodeFunction(this, 'AuthorizerFunction', {
      logs,
      entry: 'authorizer.ts',
      description: 'Verifies the token of a handshake',
      timeoutSeconds: 3,
      environment: {
        [variables.tokenIssuer]: issuer,
        [variables.tokenAudience]: audience,
        ...(tokenKey === undefined ? {} : { [variables.tokenKeyArn]: tokenKey.arn }),
        ...(jwksUri === undefined ? {} : { [variables.tokenJwksUri]: jwksUri }),
        [variables.tenantClaim]: settings.claims.tenant,
        [variables.agentClaim]: settings.claims.agent,
        [variables.channelsClaim]: settings.claims.channels,
        [variables.defaultGrants]: settings.defaultGrants,
      },
    });
    if (tokenKey !== undefined) fn.allow(['kms:GetPublicKey'], [tokenKey.arn]);
    return fn;
  }

  private createConnect({ settings, tables, endpoint, logs }: FunctionsProps): NodeFunction {
    const fn = new NodeFunction(this, 'ConnectFunction', {
      logs,
      entry: 'connect.ts',
      description: 'Registers a connection',
      timeoutSeconds: 4,
      fixed: [variables.sender],
      environment: {
        [variables.connectionTable]: tables.connections.tableName,
        [variables.agentTable]: tables.agents.tableName,
        [variables.connectionLimit]: String(settings.connectionLimit),
        [variables.callbackUrl]: endpoint.callbackUrl,
        [variables.inboxFunction]: this.inbox.function.functionName,
        [variables.sender]: settings.sender,
        ...this.announcing(settings),
      },
    });
    fn.allow(
      ['lambda:InvokeFunction'],
      [this.inbox.function.functionArn, this.presence.function.functionArn],
    );
    fn.allow(dynamodb('PutItem', 'DeleteItem', 'BatchGetItem', 'Query'), [tables.connections.tableArn]);
    fn.allow(dynamodb('GetItem', 'UpdateItem'), [tables.agents.tableArn]);
    fn.allowAnyOf(['execute-api:ManageConnections'], [endpoint.connectionsArn('GET')], anyConnection);
    return fn;
  }

  private createDefault({ settings, tables, endpoint, logs }: FunctionsProps): NodeFunction {
    const fn = new NodeFunction(this, 'DefaultFunction', {
      logs,
      entry: 'default.ts',
      description: 'Handles every frame of a client',
      // Its own deadline is 4 s; Lambda rounds up.
      timeoutSeconds: 5,
      fixed: [variables.sender],
      environment: {
        [variables.connectionTable]: tables.connections.tableName,
        [variables.agentTable]: tables.agents.tableName,
        [variables.messageTable]: tables.messages.tableName,
        [variables.callbackUrl]: endpoint.callbackUrl,
        [variables.sender]: settings.sender,
        [variables.fanOutFunction]: this.fanOut.function.functionName,
        [variables.ownReceivers]: String(settings.ownReceivers),
        [variables.retentionSeconds]: String(settings.retentionHours * 3_600),
        [variables.agentRate]: String(settings.messageRate.agentPerSecond),
        [variables.agentBurst]: String(settings.messageRate.agentBurst),
        [variables.tenantRate]: String(settings.messageRate.tenantPerSecond),
        [variables.tenantBurst]: String(settings.messageRate.tenantBurst),
        ...this.announcing(settings),
      },
    });
    fn.allow(
      ['lambda:InvokeFunction'],
      [this.presence.function.functionArn, this.fanOut.function.functionArn],
    );
    fn.allow(dynamodb('Query', 'BatchGetItem', 'PutItem', 'UpdateItem', 'DeleteItem'), [
      tables.connections.tableArn,
    ]);
    fn.allow(dynamodb('GetItem', 'UpdateItem', 'Query'), [tables.agents.tableArn]);
    fn.allow(dynamodb('Query', 'GetItem', 'PutItem', 'UpdateItem'), [tables.messages.tableArn]);
    fn.allowAnyOf(
      ['execute-api:ManageConnections'],
      [endpoint.connectionsArn('GET'), endpoint.connectionsArn('POST')],
      anyConnection,
    );
    return fn;
  }

  private createInbox({ settings, tables, endpoint, failures, logs }: FunctionsProps): NodeFunction {
    const fn = new NodeFunction(this, 'InboxFunction', {
      logs,
      entry: 'inbox.ts',
      description: 'Pushes an inbox to a new connection',
      // Its own deadline is 50 s.
      timeoutSeconds: 60,
      fixed: [variables.sender],
      environment: {
        [variables.agentTable]: tables.agents.tableName,
        [variables.messageTable]: tables.messages.tableName,
        [variables.callbackUrl]: endpoint.callbackUrl,
        [variables.sender]: settings.sender,
      },
    });
    fn.allow(dynamodb('GetItem', 'UpdateItem'), [tables.agents.tableArn]);
    fn.allow(dynamodb('Query'), [tables.messages.tableArn]);
    fn.allowAnyOf(
      ['execute-api:ManageConnections'],
      [endpoint.connectionsArn('GET'), endpoint.connectionsArn('POST')],
      anyConnection,
    );
    // A connection that has waited for longer is better served by its next one.
    fn.runAsynchronously(failures, 15);
    fn.allowStartingItself();
    return fn;
  }

  private createPresence({ settings, tables, endpoint, failures, logs }: FunctionsProps): NodeFunction {
    const fn = new NodeFunction(this, 'PresenceFunction', {
      logs,
      entry: 'presence.ts',
      description: 'Tells watchers of presence',
      // Its own deadline is 50 s.
      timeoutSeconds: 60,
      fixed: [variables.sender],
      environment: {
        [variables.connectionTable]: tables.connections.tableName,
        [variables.agentTable]: tables.agents.tableName,
        [variables.callbackUrl]: endpoint.callbackUrl,
        [variables.sender]: settings.sender,
        [variables.presenceGraceSeconds]: String(settings.presenceGraceSeconds),
      },
    });
    fn.allow(dynamodb('Query', 'BatchGetItem', 'DeleteItem'), [tables.connections.tableArn]);
    fn.allow(dynamodb('GetItem', 'UpdateItem'), [tables.agents.tableArn]);
    fn.allowAnyOf(
      ['execute-api:ManageConnections'],
      [endpoint.connectionsArn('GET'), endpoint.connectionsArn('POST')],
      anyConnection,
    );
    // Older news is no news: whoever wants to know can ask.
    fn.runAsynchronously(failures, 5);
    // A watcher that turns out to be gone is news itself.
    fn.allowStartingItself();
    return fn;
  }

  private createFanOut({ settings, tables, endpoint, failures, logs }: FunctionsProps): NodeFunction {
    const fn = new NodeFunction(this, 'FanOutFunction', {
      logs,
      entry: 'fan-out.ts',
      description: 'Serves a part of a wide channel',
      // Its own deadline is 50 s.
      timeoutSeconds: 60,
      fixed: [variables.sender],
      environment: {
        [variables.connectionTable]: tables.connections.tableName,
        [variables.agentTable]: tables.agents.tableName,
        [variables.callbackUrl]: endpoint.callbackUrl,
        [variables.sender]: settings.sender,
        ...this.announcing(settings),
      },
    });
    // For receivers that turn out to be gone.
    fn.allow(dynamodb('Query', 'BatchGetItem', 'DeleteItem'), [tables.connections.tableArn]);
    fn.allow(dynamodb('GetItem', 'UpdateItem'), [tables.agents.tableArn]);
    fn.allow(['lambda:InvokeFunction'], [this.presence.function.functionArn]);
    fn.allowAnyOf(
      ['execute-api:ManageConnections'],
      [endpoint.connectionsArn('GET'), endpoint.connectionsArn('POST')],
      anyConnection,
    );
    // Lambda waits no shorter; by then receivers of level 1 have the messages from the log.
    fn.runAsynchronously(failures, 1);
    return fn;
  }

  private createSweep({ settings, tables, endpoint, failures, logs }: FunctionsProps): NodeFunction {
    const fn = new NodeFunction(this, 'SweepFunction', {
      logs,
      entry: 'sweep.ts',
      description: 'Finds what no event told of',
      // Its own deadline is 115 s.
      timeoutSeconds: 120,
      fixed: [variables.sender],
      environment: {
        [variables.connectionTable]: tables.connections.tableName,
        [variables.agentTable]: tables.agents.tableName,
        [variables.callbackUrl]: endpoint.callbackUrl,
        [variables.sender]: settings.sender,
        ...this.announcing(settings),
      },
    });
    fn.allow(dynamodb('Scan', 'Query', 'BatchGetItem', 'GetItem', 'PutItem', 'UpdateItem', 'DeleteItem'), [
      tables.connections.tableArn,
    ]);
    fn.allow(dynamodb('Scan', 'GetItem', 'UpdateItem'), [tables.agents.tableArn]);
    fn.allow(['lambda:InvokeFunction'], [this.presence.function.functionArn]);
    fn.allowAnyOf(
      ['execute-api:ManageConnections'],
      [endpoint.connectionsArn('GET'), endpoint.connectionsArn('POST'), endpoint.connectionsArn('DELETE')],
      anyConnection,
    );
    // The next one comes anyway.
    fn.runAsynchronously(failures, 1);
    fn.runEvery(sweepMinutes);
    return fn;
  }

  /** For whoever changes what is known of agents. */
  private announcing(settings: Settings): Record<string, string> {
    return {
      [variables.presenceFunction]: this.presence.function.functionName,
      [variables.presenceGraceSeconds]: String(settings.presenceGraceSeconds),
    };
  }

  private createDisconnect({ settings, tables, logs }: FunctionsProps): NodeFunction {
    const fn = new NodeFunction(this, 'DisconnectFunction', {
      logs,
      entry: 'disconnect.ts',
      description: 'Removes a connection that has ended',
      timeoutSeconds: 10,
      environment: {
        [variables.connectionTable]: tables.connections.tableName,
        [variables.agentTable]: tables.agents.tableName,
        ...this.announcing(settings),
      },
    });
    fn.allow(['lambda:InvokeFunction'], [this.presence.function.functionArn]);
    fn.allow(dynamodb('BatchGetItem', 'DeleteItem', 'Query'), [tables.connections.tableArn]);
    fn.allow(dynamodb('GetItem', 'UpdateItem'), [tables.agents.tableArn]);
    return fn;
  }
}

function dynamodb(...operations: readonly string[]): string[] {
  return operations.map((operation) => `dynamodb:${operation}`);
}
