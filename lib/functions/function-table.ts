/**
 * The functions, one row each: entry, limits, variables and permissions.
 * Each function gets only the variables that it reads. Permissions are written by hand, because the ready-made grants of
 * the CDK allow more calls than the code makes.
 */
import type { variables } from '../../lambda/contract';

/** The variables that the deployment sets. Lambda sets `ownName` itself. */
export type Variable = Exclude<keyof typeof variables, 'ownName'>;

type Method = 'GET' | 'POST' | 'DELETE';

export type Grant =
  | { readonly to: 'read-token-key' }
  | { readonly to: 'invoke'; readonly functions: readonly FunctionName[] }
  | {
      readonly to: 'use-table';
      readonly table: 'connections' | 'agents' | 'messages';
      readonly operations: readonly string[];
    }
  | { readonly to: 'manage-connections'; readonly methods: readonly Method[] };

export interface FunctionRow {
  /** File in `lambda/functions/`. */
  readonly entry: string;
  readonly description: string;
  /** A little more than the function's own deadline. Lambda accepts whole seconds only. */
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
  readonly environment: readonly Variable[];
  readonly grants: readonly Grant[];
  /** For functions that are invoked asynchronously: how long an event may wait, and whether the function invokes itself. */
  readonly asynchronous?: { readonly maxWaitMinutes: number; readonly invokesItself?: true };
  /** Its log group is the audit log, which has a retention of its own. */
  readonly logs?: 'audit';
  /** The interval of the schedule. */
  readonly everyMinutes?: number;
}

export const functionNames = [
  'audit',
  'authorizer',
  'inbox',
  'presence',
  'fanOut',
  'connect',
  'default',
  'disconnect',
  'sweep',
  'revoke',
] as const;
export type FunctionName = (typeof functionNames)[number];
/** Made only when a setting asks for it. */
export type OptionalFunctionName = 'publishQueue';

const memoryMb = 512;
const presence = ['presenceFunction', 'presenceGraceSeconds'] as const;
const sender = ['callbackUrl', 'sender'] as const;
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
    environment: [
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
      'allowedOrigins',
      'edgeSecret',
      'previousEdgeSecret',
    ],
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
    environment: ['connectionTable', 'agentTable', ...sender, 'presenceGraceSeconds'],
    grants: [findConnections, updateAgents, manage('GET', 'POST')],
    // An older change is out of date; clients can query the current presence.
    // The function invokes itself when a watcher turns out to be disconnected, because that is a presence change too.
    asynchronous: { maxWaitMinutes: 5, invokesItself: true },
  },
  fanOut: {
    entry: 'fan-out.ts',
    description: 'Delivers a message to one chunk of the subscribers of a large channel',
    timeoutSeconds: 60,
    memoryMb,
    environment: ['connectionTable', 'agentTable', ...sender, ...presence],
    // Connections and agents: to remove the connections that no longer exist.
    grants: [findConnections, updateAgents, invoke('presence'), manage('GET', 'POST')],
    // The shortest wait that Lambda allows. By then, clients of level 1 have read the messages from the log.
    asynchronous: { maxWaitMinutes: 1 },
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
      'callbackUrl',
      'inboxFunction',
      'sender',
      ...presence,
    ],
    grants: [
      invoke('inbox', 'presence'),
      on('connections', 'PutItem', 'DeleteItem', 'BatchGetItem', 'Query'),
      updateAgents,
      manage('GET'),
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
      'agentRate',
      'agentBurst',
      'tenantRate',
      'tenantBurst',
      ...presence,
    ],
    grants: [
      invoke('presence', 'fanOut'),
      on('connections', 'Query', 'BatchGetItem', 'PutItem', 'UpdateItem', 'DeleteItem'),
      on('agents', 'GetItem', 'UpdateItem', 'Query'),
      on('messages', 'Query', 'GetItem', 'PutItem', 'UpdateItem'),
      manage('GET', 'POST'),
    ],
  },
  disconnect: {
    entry: 'disconnect.ts',
    description: 'Removes a closed connection',
    timeoutSeconds: 10,
    memoryMb,
    environment: ['connectionTable', 'agentTable', ...presence],
    grants: [invoke('presence'), on('connections', 'BatchGetItem', 'DeleteItem', 'Query'), updateAgents],
  },
  sweep: {
    entry: 'sweep.ts',
    description: 'Removes stale connections and expired tokens every 5 minutes',
    timeoutSeconds: 120,
    memoryMb,
    environment: ['connectionTable', 'agentTable', ...sender, ...presence],
    grants: [
      on('connections', 'Scan', 'Query', 'BatchGetItem', 'GetItem', 'PutItem', 'DeleteItem'),
      on('agents', 'Scan', 'GetItem', 'UpdateItem'),
      invoke('presence'),
      manage('GET', 'POST', 'DELETE'),
    ],
    // A sweep that is late is dropped: the next one does the same work.
    asynchronous: { maxWaitMinutes: 1 },
    // Longer than the timeout, so that two sweeps never overlap.
    everyMinutes: 5,
  },
  revoke: {
    entry: 'revoke.ts',
    description: 'Revokes tokens and closes their connections, when the operator says so',
    timeoutSeconds: 120,
    memoryMb,
    environment: ['connectionTable', 'agentTable', ...sender, ...presence, 'maxTokenDays'],
    grants: [
      on('connections', 'Query', 'BatchGetItem', 'PutItem', 'DeleteItem'),
      on('agents', 'GetItem', 'Query', 'UpdateItem'),
      invoke('presence'),
      manage('POST', 'DELETE'),
    ],
    asynchronous: { maxWaitMinutes: 15 },
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
    ],
    grants: [
      invoke('presence', 'fanOut'),
      findConnections,
      on('agents', 'GetItem', 'UpdateItem', 'Query'),
      on('messages', 'Query', 'GetItem', 'PutItem', 'UpdateItem'),
      manage('GET', 'POST'),
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
