/** The values of the functions' variables, apart from the names of other functions. */
import { variables } from '../../lambda/contract';
import { claimNames, tokenTerms, workRateOf, type Settings } from '../settings/config';
import { failureHours, type FailureQueue } from './failure-queue';
import type { FunctionName, Variable } from './function-row';
import type { Tables } from '../tables';
import type { EdgeSecrets } from '../edge/edge-secrets';
import type { TokenKey } from '../token-key';
import type { WebSocketEndpoint } from '../websocket-api';

export interface EnvironmentSource {
  readonly settings: Settings;
  readonly tables: Tables;
  readonly endpoint: WebSocketEndpoint;
  readonly failures: FailureQueue;
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
  revokeFunction: 'revoke',
} as const satisfies Partial<Record<Variable, FunctionName>>;

export type ValueVariable = Exclude<Variable, keyof typeof functionVariables>;

type Shared = Variable & keyof Settings;
/** Settings that are a string or a number and have the name of a variable: that is its value. */
type PlainSetting = {
  [Name in Shared]: Settings[Name] extends string | number ? Name : never;
}[Shared];

/** `undefined` = not set. */
export function environmentValues(source: EnvironmentSource): Record<ValueVariable, string | undefined> {
  const { settings, tables, endpoint, failures, tokenKeys, edgeSecrets } = source;
  const { issuer, audience, jwksUri, checks } = tokenTerms(settings);
  const { messageRate } = settings;
  const claims = claimNames(settings);
  const workRate = workRateOf(settings);
  return {
    ...plainSettings(settings),
    connectionTable: tables.connections.tableName,
    agentTable: tables.agents.tableName,
    messageTable: tables.messages.tableName,
    callbackUrl: endpoint.callbackUrl,
    retentionSeconds: String(settings.retentionHours * 3_600),
    tenantQuotas: JSON.stringify(settings.tenantQuotas),
    agentRate: String(messageRate.agentPerSecond),
    agentBurst: String(messageRate.agentBurst),
    tenantRate: String(messageRate.tenantPerSecond),
    tenantBurst: String(messageRate.tenantBurst),
    agentWorkRate: String(workRate.agentPerSecond),
    agentWorkBurst: String(workRate.agentBurst),
    tenantWorkRate: String(workRate.tenantPerSecond),
    tenantWorkBurst: String(workRate.tenantBurst),
    tokenIssuer: issuer,
    tokenAudience: audience ?? undefined,
    tokenChecks: checks === undefined ? undefined : JSON.stringify(checks),
    tokenKeyArns: tokenKeys.length === 0 ? undefined : tokenKeys.map(({ arn }) => arn).join(' '),
    tokenJwksUri: jwksUri,
    keptDays: JSON.stringify(keptDaysOf(settings)),
    failureQueueUrl: failures.url,
    allowedOrigins: settings.allowedOrigins?.join(' '),
    edgeSecret: edgeSecrets?.current,
    previousEdgeSecret: edgeSecrets?.previous,
    tenantClaim: claims.tenant,
    agentClaim: claims.agent,
    channelsClaim: claims.channels,
    agentsClaim: claims.agents,
    roleClaim: claims.role,
    eventBus: settings.events === false ? undefined : settings.events.bus,
    eventSource: settings.events === false ? undefined : `artcafe-pubsub.${settings.deployment}`,
    eventChannels: settings.events === false ? undefined : settings.events.channels?.join(' '),
    publishAllowed: settings.publishQueue === false ? undefined : JSON.stringify(settings.publishQueue.allow),
  };
}

function plainSettings(settings: Settings): Record<PlainSetting, string> {
  const entries: [string, string][] = [];
  for (const [name, value] of Object.entries(settings)) {
    const isPlain = typeof value === 'string' || typeof value === 'number';
    if (isPlain && Object.hasOwn(variables, name)) entries.push([name, String(value)]);
  }
  return Object.fromEntries(entries) as Record<PlainSetting, string>;
}

/** Of point-in-time recovery, which is on with `protection`. */
const backupDays = 35;

/** For `KeptDays` of the functions. */
function keptDaysOf({ logRetentionDays, auditRetentionDays, retentionHours, protection }: Settings): object {
  return {
    logs: logRetentionDays,
    auditLog: auditRetentionDays,
    failureQueue: failureHours(retentionHours) / 24,
    backups: protection ? backupDays : 0,
  };
}
