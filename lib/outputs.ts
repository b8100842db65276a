/**
 * The outputs of a deployment: where clients connect and how to create a token. The token command, the laptop gateway
 * and the tests read these names. In a stack of its own they stand as they are; elsewhere the ids of the construct precede them.
 */
import { CfnOutput, Stack } from 'aws-cdk-lib';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { claimNames, tokenTerms, type Settings } from './settings/config';
import type { Edge } from './edge/edge';
import type { FailureQueue } from './functions/failure-queue';
import type { Functions } from './functions/functions';
import type { NodeFunction } from './functions/node-function';
import type { Tables } from './tables';
import type { TokenKey } from './token-key';
import type { HttpEndpoint } from './http-api';
import type { WebSocketEndpoint } from './websocket-api';

export interface Deployed {
  readonly settings: Settings;
  readonly tables: Tables;
  readonly endpoint: WebSocketEndpoint;
  readonly http: HttpEndpoint;
  readonly functions: Functions;
  readonly failures: FailureQueue;
  /** The current one first. */
  readonly tokenKeys: readonly TokenKey[];
  readonly edge: Edge | undefined;
  readonly publishQueue: IQueue | undefined;
}

const descriptions = {
  WebSocketUrl: 'The stage itself; append ?token=...',
  BaseUrl: 'Base URL for clients that append /ws',
  EdgeBaseUrl: 'Base URL at the edge for clients that append /ws or the path form',
  HttpUrl: 'Base URL of the HTTP API; see docs/http-api.md',
  EdgeHttpUrl: 'Base URL of the HTTP API at the edge',
  EdgeCnameTarget: 'Target of the CNAME of your domain name',
  ConnectionTableName: 'Connections and subscriptions',
  AgentTableName: 'Agents and their presence',
  MessageTableName: 'Logs of channels and inboxes',
  FailureQueueUrl: 'Events that a function could not handle; see docs/runbook.md',
  PublishQueueUrl: 'Messages that you send here are published',
  RevokeFunctionName: 'Revokes tokens and closes connections; artcafe revoke',
  LogGroups: 'Log groups of the functions whose lines artcafe explain reads, as JSON',
  TokenIssuer: 'Claim iss of a valid token',
  TokenAudience: 'Claim aud of a valid token',
  TokenClaims: 'Names of the claims of a valid token, as JSON',
  TokenKeyArn: 'Key that signs new tokens',
  MintToken: 'Prints a token for an agent',
} as const;

export type OutputName = keyof typeof descriptions;
export type Outputs = Readonly<Partial<Record<OutputName, string>>>;

/** Gives their values back. */
export function writeOutputs(construct: Construct, deployed: Deployed): Outputs {
  const prefix = outputPrefix(construct);
  const values: Outputs = {
    ...addresses(deployed),
    ...names(deployed),
    LogGroups: Stack.of(construct).toJsonString(logGroups(deployed)),
    ...tokens(deployed, Stack.of(construct).stackName, prefix),
  };
  for (const [name, value] of Object.entries(values)) {
    const output = new CfnOutput(construct, name, { value, description: descriptions[name as OutputName] });
    output.overrideLogicalId(`${prefix}${name}`);
  }
  return values;
}

function addresses({ settings, endpoint, http, edge }: Deployed): Outputs {
  const isExclusive = settings.edge !== false && settings.edge.exclusive !== undefined;
  const own = isExclusive
    ? {}
    : { WebSocketUrl: endpoint.stage.url, BaseUrl: endpoint.baseUrl, HttpUrl: http.baseUrl };
  if (edge === undefined) return own;
  const hasDomain = settings.edge !== false && settings.edge.domainName !== undefined;
  return {
    ...own,
    EdgeBaseUrl: edge.baseUrl,
    EdgeHttpUrl: edge.httpUrl,
    ...(hasDomain && { EdgeCnameTarget: edge.distributionDomainName }),
  };
}

function names({ tables, functions, failures, publishQueue }: Deployed): Outputs {
  return {
    ConnectionTableName: tables.connections.tableName,
    AgentTableName: tables.agents.tableName,
    MessageTableName: tables.messages.tableName,
    FailureQueueUrl: failures.url,
    ...(publishQueue !== undefined && { PublishQueueUrl: publishQueue.queueUrl }),
    RevokeFunctionName: functions.byName.revoke.function.functionName,
  };
}

function logGroups({ functions: { byName, publishQueue } }: Deployed): Readonly<Record<string, string>> {
  const { default: socket, http, inbox } = byName;
  const nameOf = (fn: NodeFunction) => fn.function.logGroup.logGroupName;
  return {
    ...{ default: nameOf(socket), http: nameOf(http), inbox: nameOf(inbox) },
    ...(publishQueue !== undefined && { publishQueue: nameOf(publishQueue) }),
  };
}

function tokens({ settings, tokenKeys: [tokenKey] }: Deployed, stackName: string, prefix: string): Outputs {
  const { issuer, audience } = tokenTerms(settings);
  const bus = prefix === '' ? '' : ` --bus ${prefix}`;
  return {
    TokenIssuer: issuer,
    ...(audience !== null && { TokenAudience: audience }),
    TokenClaims: JSON.stringify(claimNames(settings)),
    ...(tokenKey !== undefined && {
      TokenKeyArn: tokenKey.arn,
      MintToken: `npx artcafe token --context ${stackName}${bus} --tenant TENANT --agent AGENT`,
    }),
  };
}

/** The ids between the stack and the construct, as the CDK joins them: without `Default`. */
function outputPrefix(construct: Construct): string {
  const { scopes } = construct.node;
  return scopes
    .slice(scopes.indexOf(Stack.of(construct)) + 1)
    .map(({ node }) => node.id)
    .filter((id) => id !== 'Default')
    .join('')
    .replace(/[^A-Za-z0-9]/g, '');
}
