/**
 * Names that deploy time and run time share: environment variables, table keys and attributes.
 * Imports nothing, so that the stack, the functions and the tests can all read it.
 */

/** Environment variables of the functions. Each function is given only those that it reads. */
export const variables = {
  /** Table names (default: all three; inbox: agent and message; connect, disconnect, presence, sweep and fan-out: connection and agent). */
  connectionTable: 'CONNECTION_TABLE',
  agentTable: 'AGENT_TABLE',
  messageTable: 'MESSAGE_TABLE',
  /** `https://{api}.execute-api.{region}.amazonaws.com/{stage}` (all that call connections). */
  callbackUrl: 'CALLBACK_URL',
  /** Who posts to connections (the same): `lean`, our own client, or `sdk`, the AWS SDK's. */
  sender: 'SENDER',
  /** Seconds that a message stays in the log; `0` = no log (default). */
  retentionSeconds: 'RETENTION_SECONDS',
  /** The function that pushes an inbox (connect). */
  inboxFunction: 'INBOX_FUNCTION',
  /** The function that serves a part of a wide channel, and how many receivers the publisher's own serves (default). */
  fanOutFunction: 'FAN_OUT_FUNCTION',
  ownReceivers: 'OWN_RECEIVERS',
  /** The function that revokes tokens, closes connections and erases (http). */
  revokeFunction: 'REVOKE_FUNCTION',
  /** The function that tells watchers of presence (connect, default, disconnect, sweep). */
  presenceFunction: 'PRESENCE_FUNCTION',
  /** Seconds that an agent may be offline before watchers get an event (the same, and presence). */
  presenceGraceSeconds: 'PRESENCE_GRACE_SECONDS',
  /** Agents for whom the publish queue may publish, as JSON of `AllowedAgents[]` (publish-queue). */
  publishAllowed: 'PUBLISH_ALLOWED',
  /** Name of the EventBridge bus that gets events, and their source (all that change agents, or store messages); absent = no events. */
  eventBus: 'EVENT_BUS',
  eventSource: 'EVENT_SOURCE',
  /** Channels whose messages are events, separated by blanks: names, or prefixes that end in `*` (default, publish-queue). */
  eventChannels: 'EVENT_CHANNELS',
  /** Set by Lambda itself. */
  ownName: 'AWS_LAMBDA_FUNCTION_NAME',
  /** Messages per second and their bursts, of an agent and of a tenant; a rate of `0` = no limit (default). */
  agentRate: 'AGENT_RATE',
  agentBurst: 'AGENT_BURST',
  tenantRate: 'TENANT_RATE',
  tenantBurst: 'TENANT_BURST',
  /** The same of work units (default, presence). */
  agentWorkRate: 'AGENT_WORK_RATE',
  agentWorkBurst: 'AGENT_WORK_BURST',
  tenantWorkRate: 'TENANT_WORK_RATE',
  tenantWorkBurst: 'TENANT_WORK_BURST',
  /** What one tenant may use, as JSON of `TenantQuotas` (connect, default, http, publish-queue, sweep). */
  tenantQuotas: 'TENANT_QUOTAS',
  /** Most live connections of one agent (connect). */
  connectionLimit: 'CONNECTION_LIMIT',
  /** Token checks (authorizer, http: as all variables of tokens and claims below). */
  tokenIssuer: 'TOKEN_ISSUER',
  tokenAudience: 'TOKEN_AUDIENCE',
  /** Further checks of an issuer's tokens, as JSON of `TokenTerms`; `"audience": null` turns that check off (authorizer). */
  tokenChecks: 'TOKEN_CHECKS',
  /** The ARNs of the built-in KMS keys, separated by blanks (authorizer, http); absent = an OIDC issuer, whose keys are at the URI, or discovered. */
  tokenKeyArns: 'TOKEN_KEY_ARNS',
  tokenJwksUri: 'TOKEN_JWKS_URI',
  /** The longest life of a token, in days (authorizer, revoke). */
  maxTokenDays: 'MAX_TOKEN_DAYS',
  /** For how many days the deployment keeps logs and backups, as JSON of `KeptDays` (revoke). */
  keptDays: 'KEPT_DAYS',
  /** The queue of failed events, and of messages of the publish queue that were not accepted (revoke). */
  failureQueueUrl: 'FAILURE_QUEUE_URL',
  /** Origins whose pages may connect, separated by blanks; absent = all (authorizer). */
  allowedOrigins: 'ALLOWED_ORIGINS',
  /** What the edge shows in its header, now and before the last rotation (authorizer); absent = handshakes need not come through the edge. */
  edgeSecret: 'EDGE_SECRET',
  previousEdgeSecret: 'PREVIOUS_EDGE_SECRET',
  /** Names of the claims (authorizer). */
  tenantClaim: 'TENANT_CLAIM',
  agentClaim: 'AGENT_CLAIM',
  channelsClaim: 'CHANNELS_CLAIM',
  /** The same; absent = not read. */
  agentsClaim: 'AGENTS_CLAIM',
  roleClaim: 'ROLE_CLAIM',
  /** What a token without a channels claim may use (authorizer): `all` channels of its tenant, or `none`. */
  defaultGrants: 'DEFAULT_GRANTS',
} as const;

/** CloudFront refuses names that begin with `X-Edge-` or `X-Amz-`. */
export const edgeSecretHeader = 'Artcafe-Edge-Secret';

/**
 * ConnectionTable: subscriptions (`{tenant}/channel/{channel}`), connections (`connection/{id}`), and how fast tenants and
 * agents publish (`{tenant}/rate/…`, `{tenant}/units/…`), the channels of a tenant (`{tenant}/directory/channels`), and
 * what it uses (`{tenant}/usage/tenant`).
 */
export const connectionTable = {
  partitionKey: 'subject',
  sortKey: 'connection_id',
  /** Epoch seconds. */
  ttl: 'ttl',
} as const;

/** AgentTable: one item per agent with the set of its live connections. */
export const agentTable = {
  partitionKey: 'tenant_id',
  sortKey: 'agent_id',
  /** Epoch seconds; only on offline agents. */
  ttl: 'ttl',
} as const;

/** MessageTable: the log of a channel or of an inbox, ordered by sequence. */
export const messageTable = {
  partitionKey: 'subject',
  /** Number. */
  sortKey: 'sequence',
  /** Epoch seconds. */
  ttl: 'ttl',
} as const;
