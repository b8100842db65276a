/** Entry point of the sweep: builds what the route needs, once per cold start. */
import { createSender, senderKinds } from '../aws/calls/create-sender';
import { createEvents } from '../aws/calls/event-bridge';
import { DynamoAgentStore } from '../aws/dynamo/agents/dynamo-agent-store';
import { createDynamoClients } from '../aws/dynamo/dynamo-calls';
import { DynamoConnectionStore } from '../aws/dynamo/dynamo-connection-store';
import { DynamoRevocationStore } from '../aws/dynamo/dynamo-revocation-store';
import { DynamoSweepStore } from '../aws/dynamo/dynamo-sweep-store';
import { DynamoTenantUsage } from '../aws/dynamo/dynamo-tenant-usage';
import { jsonLog } from '../aws/json-log';
import { LambdaInvoker } from '../aws/calls/lambda-invoker';
import { systemClock } from '../aws/system-clock';
import { variables } from '../contract';
import { PlatformClock } from '../shared/platform-clock';
import { oneOf, optionalText, text, wholeNumber } from './environment/env';
import { tenantQuotas } from './environment/tenant-quotas';
import { sweepRoute } from '../events/sweep';

const clock = new PlatformClock(systemClock);
const { calls } = createDynamoClients();
/** Nobody waits for it: patience pays. A page of a scan is 1 MB. */
const callMs = 5_000;
const tables = { connections: text(variables.connectionTable), agents: text(variables.agentTable) };

export const handler = sweepRoute({
  connections: new DynamoConnectionStore(calls, tables.connections, callMs),
  agents: new DynamoAgentStore(calls, tables.agents, clock, callMs),
  revocations: new DynamoRevocationStore(calls, tables.connections, callMs),
  quotas: tenantQuotas(),
  usage: new DynamoTenantUsage(calls, tables.connections, clock, callMs),
  sweep: new DynamoSweepStore(calls, tables, clock, callMs),
  sender: createSender(oneOf(variables.sender, senderKinds), text(variables.callbackUrl)),
  invoker: new LambdaInvoker(),
  presenceFunction: text(variables.presenceFunction),
  presenceGraceMs: wholeNumber(variables.presenceGraceSeconds) * 1_000,
  clock,
  events: createEvents(optionalText(variables.eventBus), optionalText(variables.eventSource), jsonLog),
  log: jsonLog,
});
