/** Entry point of the publish queue: builds what the route needs, once per cold start. */
import { randomUUID } from 'node:crypto';
import { createSender, senderKinds } from '../aws/calls/create-sender';
import { createEvents } from '../aws/calls/event-bridge';
import { LambdaInvoker } from '../aws/calls/lambda-invoker';
import { DynamoAgentStore } from '../aws/dynamo/agents/dynamo-agent-store';
import { createDynamoClients } from '../aws/dynamo/dynamo-calls';
import { DynamoChannelDirectory } from '../aws/dynamo/dynamo-channel-directory';
import { DynamoConnectionStore } from '../aws/dynamo/dynamo-connection-store';
import { DynamoHistoryStore } from '../aws/dynamo/dynamo-history-store';
import { DynamoTenantUsage } from '../aws/dynamo/dynamo-tenant-usage';
import { jsonLog } from '../aws/json-log';
import { systemClock } from '../aws/system-clock';
import { variables } from '../contract';
import { type PublishQueueDependencies, publishQueueRoute } from '../events/publish-queue';
import { PlatformClock } from '../shared/platform-clock';
import { WorkMeter } from '../shared/work-meter';
import { oneOf, optionalText, text, wholeNumber } from './environment/env';
import { tenantQuotas } from './environment/tenant-quotas';

const clock = new PlatformClock(systemClock);
const clients = createDynamoClients();
const invoker = new LambdaInvoker();

export const handler = publishQueueRoute({
  connections: new DynamoConnectionStore(clients.calls, text(variables.connectionTable)),
  directory: new DynamoChannelDirectory(clients.calls, text(variables.connectionTable), clock),
  usage: new DynamoTenantUsage(clients.singleAttempt, text(variables.connectionTable), clock),
  quotas: tenantQuotas(),
  agents: new DynamoAgentStore(clients.calls, text(variables.agentTable), clock),
  history: new DynamoHistoryStore(clients, text(variables.messageTable), jsonLog),
  sender: createSender(oneOf(variables.sender, senderKinds), text(variables.callbackUrl)),
  workers: {
    invoker,
    functionName: text(variables.fanOutFunction),
    ownReceivers: wholeNumber(variables.ownReceivers),
  },
  // Of a tenant's own AWS resources, which pay for themselves.
  work: new WorkMeter(),
  clock,
  newId: randomUUID,
  retentionMs: wholeNumber(variables.retentionSeconds) * 1_000,
  invoker,
  presenceFunction: text(variables.presenceFunction),
  presenceGraceMs: wholeNumber(variables.presenceGraceSeconds) * 1_000,
  // Checked when the stack was synthesized.
  allowed: JSON.parse(text(variables.publishAllowed)) as PublishQueueDependencies['allowed'],
  events: createEvents(optionalText(variables.eventBus), optionalText(variables.eventSource), jsonLog),
  eventChannels: optionalText(variables.eventChannels)?.split(' '),
  log: jsonLog,
});
