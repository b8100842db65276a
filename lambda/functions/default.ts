/** Entry point of `$default`: builds what the route needs, once per cold start. */
import { randomUUID } from 'node:crypto';
import { createSender, senderKinds } from '../aws/calls/create-sender';
import { createEvents } from '../aws/calls/event-bridge';
import { DynamoAgentStore } from '../aws/dynamo/agents/dynamo-agent-store';
import { meterCapacity } from '../aws/dynamo/consumed-capacity';
import { createDynamoClients } from '../aws/dynamo/dynamo-calls';
import { DynamoChannelDirectory } from '../aws/dynamo/dynamo-channel-directory';
import { DynamoConnectionStore } from '../aws/dynamo/dynamo-connection-store';
import { DynamoHistoryStore } from '../aws/dynamo/dynamo-history-store';
import { DynamoRateCounter } from '../aws/dynamo/dynamo-rate-counter';
import { DynamoTenantUsage } from '../aws/dynamo/dynamo-tenant-usage';
import { jsonLog } from '../aws/json-log';
import { LambdaInvoker } from '../aws/calls/lambda-invoker';
import { systemClock } from '../aws/system-clock';
import { variables } from '../contract';
import { PlatformClock } from '../shared/platform-clock';
import { WorkMeter } from '../shared/work-meter';
import { oneOf, optionalText, text, wholeNumber } from './environment/env';
import { rateLimits } from './environment/rate-limits';
import { tenantQuotas } from './environment/tenant-quotas';
import { defaultRoute } from '../events/web-socket/default';

const clock = new PlatformClock(systemClock);
const work = new WorkMeter();
const clients = createDynamoClients((client) => {
  meterCapacity(client, work);
});
const invoker = new LambdaInvoker();
const sender = createSender(oneOf(variables.sender, senderKinds), text(variables.callbackUrl));

export const handler = defaultRoute({
  connections: new DynamoConnectionStore(clients.calls, text(variables.connectionTable)),
  directory: new DynamoChannelDirectory(clients.calls, text(variables.connectionTable), clock),
  usage: new DynamoTenantUsage(clients.singleAttempt, text(variables.connectionTable), clock),
  quotas: tenantQuotas(),
  agents: new DynamoAgentStore(clients.calls, text(variables.agentTable), clock),
  history: new DynamoHistoryStore(clients, text(variables.messageTable), jsonLog),
  rateCounter: new DynamoRateCounter(clients.singleAttempt, text(variables.connectionTable)),
  rateLimits: rateLimits(),
  work,
  sender,
  closer: sender,
  workers: {
    invoker,
    functionName: text(variables.fanOutFunction),
    ownReceivers: wholeNumber(variables.ownReceivers),
  },
  clock,
  newId: randomUUID,
  retentionMs: wholeNumber(variables.retentionSeconds) * 1_000,
  invoker,
  presenceFunction: text(variables.presenceFunction),
  presenceGraceMs: wholeNumber(variables.presenceGraceSeconds) * 1_000,
  events: createEvents(optionalText(variables.eventBus), optionalText(variables.eventSource), jsonLog),
  eventChannels: optionalText(variables.eventChannels)?.split(' '),
  log: jsonLog,
});
