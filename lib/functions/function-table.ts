/**
 * The functions, one row each: entry, limits, variables and permissions.
 * Each function gets only the variables that it reads. Permissions are written by hand, because the ready-made grants of
 * the CDK allow more calls than the code makes.
 */
import type { FunctionName, FunctionRow, Grant, Method, OptionalFunctionName } from './function-row';

const memoryMb = 512;
const presence = ['presenceFunction', 'presenceGraceSeconds'] as const;
const work = ['agentWorkRate', 'agentWorkBurst', 'tenantWorkRate', 'tenantWorkBurst'] as const;
const events = ['eventBus', 'eventSource'] as const;
const putEvents: Grant = { to: 'put-events' };
const sender = ['callbackUrl', 'sender'] as const;
const rates = ['agentRate', 'agentBurst', 'tenantRate', 'tenantBurst'] as const;
const tokenChecks = [
  'tokenIssuer',
  'tokenAudience',
  'tokenChecks',
  'tokenKeyArns',
  'tokenJwksUri',
  'tenantClaim',
  'agentClaim',
  'channelsClaim',
  'agentsClaim',
  'roleClaim',
  'defaultGrants',
  'maxTokenDays',
  'edgeSecret',
  'previousEdgeSecret',
] as const;
const updateAgents = on('agents', 'GetItem', 'UpdateItem');
const findConnections = on('connections', 'Query', 'BatchGetItem', 'DeleteItem');

export const functionTable: Readonly<Record<FunctionName | OptionalFunctionName, FunctionRow>> = {
  audit: {
    entry: 'audit.ts',
    description: 'Keeps the lines that other functions mark for the audit log',
    timeoutSeconds: 30,
    memoryMb,
    environment: [],
    grants: [],
    logs: 'audit',
  },
  authorizer: {
    entry: 'authorizer.ts',
    description: 'Verifies the token of a new connection',
    timeoutSeconds: 3,
    memoryMb,
    environment: [...tokenChecks, 'allowedOrigins'],
    grants: [{ to: 'read-token-key' }],
  },
  inbox: {
    entry: 'inbox.ts',
    description: 'Sends the messages of an inbox to a new connection',
    timeoutSeconds: 60,
    memoryMb,
    environment: ['agentTable', 'messageTable', ...sender],
    grants: [updateAgents, on('messages', 'Query'), manage('GET', 'POST')],
    // After 15 minutes the agent has probably reconnected, and the new connection has its own event.
    asynchronous: { maxWaitMinutes: 15, invokesItself: true },
  },
  presence: {
    entry: 'presence.ts',
    description: 'Sends presence changes to the agents that watch presence',
    timeoutSeconds: 60,
    memoryMb,
    environment: ['connectionTable', 'agentTable', ...sender, ...work, 'presenceGraceSeconds', ...events],
    grants: [
      // UpdateItem: the work of agents and tenants.
      on('connections', 'Query', 'BatchGetItem', 'DeleteItem', 'UpdateItem'),
      updateAgents,
      manage('GET', 'POST'),
      putEvents,
    ],
    // An older change is out of date; clients can query the current presence.
    // The function invokes itself when a watcher turns out to be disconnected, because that is a presence change too.
    asynchronous: { maxWaitMinutes: 5, invokesItself: true, hasContent: true },
  },
  fanOut: {
    entry: 'fan-out.ts',
    description: 'Delivers a message to one chunk of the subscribers of a large channel',
    timeoutSeconds: 60,
    memoryMb,
    environment: ['connectionTable', 'agentTable', ...sender, ...presence, ...events],
    // Connections and agents: to remove the connections that no longer exist.
    grants: [findConnections, updateAgents, invoke('presence'), manage('GET', 'POST'), putEvents],
    // The shortest wait that Lambda allows. By then, clients of level 1 have read the messages from the log.
    asynchronous: { maxWaitMinutes: 1, hasContent: true },
  },
  connect: {
    entry: 'connect.ts',
    description: 'Registers a new connection',
    timeoutSeconds: 4,
    memoryMb,
    environment: [
      'connectionTable',
      'agentTable',
      'connectionLimit',
      'tenantQuotas',
      'callbackUrl',
      'inboxFunction',
      'sender',
      ...presence,
      ...events,
    ],
    grants: [
      invoke('inbox', 'presence'),
      on('connections', 'GetItem', 'PutItem', 'DeleteItem', 'BatchGetItem', 'Query'),
      updateAgents,
      manage('GET'),
      putEvents,
    ],
  },
  default: {
    entry: 'default.ts',
    description: 'Handles every frame that a client sends',
    timeoutSeconds: 5,
    memoryMb,
    environment: [
      'connectionTable',
      'agentTable',
      'messageTable',
      ...sender,
      'fanOutFunction',
      'ownReceivers',
      'retentionSeconds',
      ...rates,
      ...work,
      ...presence,
      ...events,
      'eventChannels',
      'tenantQuotas',
    ],
    grants: [
      invoke('presence', 'fanOut'),
      on('connections', 'Query', 'BatchGetItem', 'PutItem', 'UpdateItem', 'DeleteItem'),
      on('agents', 'GetItem', 'UpdateItem', 'Query'),
      on('messages', 'Query', 'GetItem', 'PutItem', 'UpdateItem'),
      manage('GET', 'POST', 'DELETE'),
      putEvents,
    ],
  },
  disconnect: {
    entry: 'disconnect.ts',
    description: 'Removes a closed connection',
    timeoutSeconds: 10,
    memoryMb,
    environment: ['connectionTable', 'agentTable', ...presence, ...events],
    grants: [
      invoke('presence'),
      on('connections', 'BatchGetItem', 'DeleteItem', 'Query'),
      updateAgents,
      putEvents,
    ],
  },
  sweep: {
    entry: 'sweep.ts',
    description: 'Removes stale connections and expired tokens every 5 minutes',
    timeoutSeconds: 120,
    memoryMb,
    environment: ['connectionTable', 'agentTable', 'tenantQuotas', ...sender, ...presence, ...events],
    grants: [
      on('connections', 'Scan', 'Query', 'BatchGetItem', 'GetItem', 'PutItem', 'DeleteItem'),
      on('agents', 'Scan', 'GetItem', 'UpdateItem'),
      invoke('presence'),
      manage('GET', 'POST', 'DELETE'),
      putEvents,
    ],
    // A sweep that is late is dropped: the next one does the same work.
    asynchronous: { maxWaitMinutes: 1 },
    // Longer than the timeout, so that two sweeps never overlap.
    everyMinutes: 5,
  },
  revoke: {
    entry: 'revoke.ts',
    description: 'Revokes tokens, closes their connections and erases, when the operator says so',
    timeoutSeconds: 120,
    memoryMb,
    environment: [
      'connectionTable',
      'agentTable',
      'messageTable',
      ...sender,
      ...presence,
      'maxTokenDays',
      'retentionSeconds',
      'keptDays',
      'failureQueueUrl',
      ...events,
    ],
    grants: [
      on('connections', 'Query', 'BatchGetItem', 'PutItem', 'DeleteItem'),
      on('agents', 'GetItem', 'Query', 'UpdateItem', 'DeleteItem'),
      on('messages', 'Query', 'UpdateItem'),
      invoke('presence'),
      manage('POST', 'DELETE'),
      putEvents,
      { to: 'clear-failures' },
    ],
    // An erasure that needs longer than one invocation.
    asynchronous: { maxWaitMinutes: 15, invokesItself: true },
  },
  publishQueue: {
    entry: 'publish-queue.ts',
    description: 'Publishes the messages of the publish queue',
    // Ten messages, one after another.
    timeoutSeconds: 60,
    memoryMb,
    environment: [
      'connectionTable',
      'agentTable',
      'messageTable',
      ...sender,
      'fanOutFunction',
      'ownReceivers',
      'retentionSeconds',
      'publishAllowed',
      ...presence,
      ...events,
      'eventChannels',
      'tenantQuotas',
    ],
    grants: [
      invoke('presence', 'fanOut'),
      // PutItem: the directory of channels; UpdateItem: what tenants use.
      on('connections', 'Query', 'BatchGetItem', 'PutItem', 'UpdateItem', 'DeleteItem'),
      on('agents', 'GetItem', 'UpdateItem', 'Query'),
      on('messages', 'Query', 'GetItem', 'PutItem', 'UpdateItem'),
      manage('GET', 'POST'),
      putEvents,
    ],
  },
  http: {
    entry: 'http.ts',
    description: 'Answers the requests to the HTTP API',
    timeoutSeconds: 5,
    memoryMb,
    environment: [
      ...tokenChecks,
      'connectionTable',
      'agentTable',
      'messageTable',
      ...sender,
      'fanOutFunction',
      'revokeFunction',
      'retentionSeconds',
      ...rates,
      ...work,
      ...presence,
      ...events,
      'eventChannels',
      'tenantQuotas',
    ],
    grants: [
      { to: 'read-token-key' },
      invoke('presence', 'fanOut', 'revoke'),
      // Channels: to list them; revocations: to write and remove them.
      on('connections', 'Query', 'BatchGetItem', 'PutItem', 'UpdateItem', 'DeleteItem'),
      on('agents', 'GetItem', 'UpdateItem', 'Query'),
      on('messages', 'Query', 'GetItem', 'PutItem', 'UpdateItem'),
      manage('GET', 'POST'),
      putEvents,
    ],
  },
};

function invoke(...functions: readonly FunctionName[]): Grant {
  return { to: 'invoke', functions };
}

function on(table: 'connections' | 'agents' | 'messages', ...operations: readonly string[]): Grant {
  return { to: 'use-table', table, operations };
}

/** Of every connection of the stage. */
function manage(...methods: readonly Method[]): Grant {
  return { to: 'manage-connections', methods };
}
