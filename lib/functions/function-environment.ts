/** The values of the functions' variables, apart from the names of other functions. */
import { claimNames, tokenTerms, type Settings } from '../settings/config';
import type { FunctionName, Variable } from './function-table';
import type { Tables } from '../tables';
import type { EdgeSecrets } from '../edge/edge-secrets';
import type { TokenKey } from '../token-key';
import type { WebSocketEndpoint } from '../websocket-api';

export interface EnvironmentSource {
  readonly settings: Settings;
  readonly tables: Tables;
  readonly endpoint: WebSocketEndpoint;
  /** The current one first; none = tokens come from an OIDC issuer. */
  readonly tokenKeys: readonly TokenKey[];
  /** Absent = the API's own host is open to all. */
  readonly edgeSecrets: EdgeSecrets | undefined;
}

/** Variables whose value is the name of another function. */
export const functionVariables = {
  inboxFunction: 'inbox',
  presenceFunction: 'presence',
  fanOutFunction: 'fanOut',
} as const satisfies Partial<Record<Variable, FunctionName>>;

export type ValueVariable = Exclude<Variable, keyof typeof functionVariables>;

/** `undefined` = not set. */
export function environmentValues(source: EnvironmentSource): Record<ValueVariable, string | undefined> {
  const { settings, tables, endpoint, tokenKeys, edgeSecrets } = source;
  const { issuer, audience, jwksUri, checks } = tokenTerms(settings);
  const { messageRate } = settings;
  const claims = claimNames(settings);
  return {
    connectionTable: tables.connections.tableName,
    agentTable: tables.agents.tableName,
    messageTable: tables.messages.tableName,
    callbackUrl: endpoint.callbackUrl,
    sender: settings.sender,
    retentionSeconds: String(settings.retentionHours * 3_600),
    ownReceivers: String(settings.ownReceivers),
    presenceGraceSeconds: String(settings.presenceGraceSeconds),
    connectionLimit: String(settings.connectionLimit),
    agentRate: String(messageRate.agentPerSecond),
    agentBurst: String(messageRate.agentBurst),
    tenantRate: String(messageRate.tenantPerSecond),
    tenantBurst: String(messageRate.tenantBurst),
    tokenIssuer: issuer,
    tokenAudience: audience ?? undefined,
    tokenChecks: checks === undefined ? undefined : JSON.stringify(checks),
    tokenKeyArns: tokenKeys.length === 0 ? undefined : tokenKeys.map(({ arn }) => arn).join(' '),
    tokenJwksUri: jwksUri,
    maxTokenDays: String(settings.maxTokenDays),
    allowedOrigins: settings.allowedOrigins?.join(' '),
    edgeSecret: edgeSecrets?.current,
    previousEdgeSecret: edgeSecrets?.previous,
    tenantClaim: claims.tenant,
    agentClaim: claims.agent,
    channelsClaim: claims.channels,
    agentsClaim: claims.agents,
    roleClaim: claims.role,
    defaultGrants: settings.defaultGrants,
    publishAllowed: settings.publishQueue === false ? undefined : JSON.stringify(settings.publishQueue.allow),
  };
}
