/**
 * The outputs of the stack: where clients connect and how to create a token. The token command, the laptop gateway
 * and the tests read these names.
 */
import { CfnOutput, type Stack } from 'aws-cdk-lib';
import { tokenTerms, type Settings } from './settings/config';
import type { Edge } from './edge/edge';
import type { FailureQueue } from './functions/failure-queue';
import type { Functions } from './functions/functions';
import type { Tables } from './tables';
import type { TokenKey } from './token-key';
import type { WebSocketEndpoint } from './websocket-api';

export interface Deployed {
  readonly settings: Settings;
  readonly tables: Tables;
  readonly endpoint: WebSocketEndpoint;
  readonly functions: Functions;
  readonly failures: FailureQueue;
  readonly tokenKey: TokenKey | undefined;
  readonly edge: Edge | undefined;
}

export function writeOutputs(stack: Stack, deployed: Deployed): void {
  const { settings, tables, endpoint, functions, failures, tokenKey, edge } = deployed;
  const output = (name: string, value: string, description: string) =>
    new CfnOutput(stack, name, { value, description });
  const { issuer, audience } = tokenTerms(settings);

  output('WebSocketUrl', endpoint.stage.url, 'The stage itself; append ?token=...');
  output('BaseUrl', endpoint.baseUrl, 'Base URL for clients that append /ws');
  if (edge !== undefined) {
    output('EdgeBaseUrl', edge.baseUrl, 'Base URL at the edge for clients that append /ws or the path form');
    if (settings.edge !== false && settings.edge.domainName !== undefined)
      output('EdgeCnameTarget', edge.distributionDomainName, `CNAME of ${settings.edge.domainName}`);
  }
  output('ConnectionTableName', tables.connections.tableName, 'Connections and subscriptions');
  output('AgentTableName', tables.agents.tableName, 'Agents and their presence');
  output('MessageTableName', tables.messages.tableName, 'Logs of channels and inboxes');
  output('FailureQueueUrl', failures.url, 'Events that a function could not handle; see docs/runbook.md');
  output(
    'RevokeFunctionName',
    functions.byName.revoke.function.functionName,
    'Revokes tokens and closes connections; npm run revoke',
  );
  output('TokenIssuer', issuer, 'Claim iss of a valid token');
  if (audience !== null) output('TokenAudience', audience, 'Claim aud of a valid token');
  if (tokenKey !== undefined) {
    output('TokenKeyArn', tokenKey.arn, 'Key that signs tokens');
    output(
      'MintToken',
      `npm run --silent token -- --stack ${stack.stackName} --tenant TENANT --agent AGENT`,
      'Prints a token for an agent',
    );
  }
}
