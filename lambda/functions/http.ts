/** Entry point of the HTTP API: builds what the route needs, once per cold start. */
import { randomUUID } from 'node:crypto';
import { createSender, senderKinds } from '../aws/calls/create-sender';
import { createEvents } from '../aws/calls/event-bridge';
import { LambdaInvoker } from '../aws/calls/lambda-invoker';
import { meterCapacity } from '../aws/dynamo/consumed-capacity';
import { DynamoAgentStore } from '../aws/dynamo/agents/dynamo-agent-store';
import { createDynamoClients } from '../aws/dynamo/dynamo-calls';
import { DynamoChannelDirectory } from '../aws/dynamo/dynamo-channel-directory';
import { DynamoConnectionStore } from '../aws/dynamo/dynamo-connection-store';
import { DynamoHistoryStore } from '../aws/dynamo/dynamo-history-store';
import { DynamoRateCounter } from '../aws/dynamo/dynamo-rate-counter';
import { DynamoRevocationStore } from '../aws/dynamo/dynamo-revocation-store';
import { DynamoTenantUsage } from '../aws/dynamo/dynamo-tenant-usage';
import { jsonLog } from '../aws/json-log';
import { systemClock } from '../aws/system-clock';
import { variables } from '../contract';
import { httpRoute } from '../http/route';
import { PlatformClock } from '../shared/platform-clock';
import { WorkMeter } from '../shared/work-meter';
import { oneOf, optionalText, text, wholeNumber } from './environment/env';
import { rateLimits } from './environment/rate-limits';
import { tenantQuotas } from './environment/tenant-quotas';
import { authorizeSettings, edgeSecrets, tokenVerifier } from './environment/token-checks';

/** HTTP-4: those that are posted to before the answer. */
const ownReceivers = 100;

const clock = new PlatformClock(systemClock);
const work = new WorkMeter();
const clients = createDynamoClients((client) => {
  meterCapacity(client, work);
});
const invoker = new LambdaInvoker();
const connectionTable = text(variables.connectionTable);
const settings = authorizeSettings();

export const handler = httpRoute({
  verifier: tokenVerifier(clock),
  settings,
  edge: edgeSecrets(),
  maxTokenMs: settings.maxTokenSeconds * 1_000,
  connections: new DynamoConnectionStore(clients.calls, connectionTable),
  directory: new DynamoChannelDirectory(clients.calls, connectionTable, clock),
  revocations: new DynamoRevocationStore(clients.calls, connectionTable),
  usage: new DynamoTenantUsage(clients.singleAttempt, connectionTable, clock),
  quotas: tenantQuotas(),
  agents: new DynamoAgentStore(clients.calls, text(variables.agentTable), clock),
  history: new DynamoHistoryStore(clients, text(variables.messageTable), jsonLog),
  rateCounter: new DynamoRateCounter(clients.singleAttempt, connectionTable),
  rateLimits: rateLimits(),
  work,
  sender: createSender(oneOf(variables.sender, senderKinds), text(variables.callbackUrl)),
  workers: { invoker, functionName: text(variables.fanOutFunction), ownReceivers },
  clock,
  newId: randomUUID,
  retentionMs: wholeNumber(variables.retentionSeconds) * 1_000,
  invoker,
  revokeFunction: text(variables.revokeFunction),
  presenceFunction: text(variables.presenceFunction),
  presenceGraceMs: wholeNumber(variables.presenceGraceSeconds) * 1_000,
  events: createEvents(optionalText(variables.eventBus), optionalText(variables.eventSource), jsonLog),
  eventChannels: optionalText(variables.eventChannels)?.split(' '),
  log: jsonLog,
});
