/** Entry point of `$connect`: builds what the route needs, once per cold start. */
import { createSender, senderKinds } from '../aws/calls/create-sender';
import { createEvents } from '../aws/calls/event-bridge';
import { DynamoAgentStore } from '../aws/dynamo/agents/dynamo-agent-store';
import { createDynamoClients } from '../aws/dynamo/dynamo-calls';
import { DynamoConnectionStore } from '../aws/dynamo/dynamo-connection-store';
import { DynamoRateCounter } from '../aws/dynamo/dynamo-rate-counter';
import { DynamoRevocationStore } from '../aws/dynamo/dynamo-revocation-store';
import { DynamoTenantUsage } from '../aws/dynamo/dynamo-tenant-usage';
import { jsonLog } from '../aws/json-log';
import { LambdaInvoker } from '../aws/calls/lambda-invoker';
import { systemClock } from '../aws/system-clock';
import { variables } from '../contract';
import { PlatformClock } from '../shared/platform-clock';
import { oneOf, optionalText, text, wholeNumber } from './environment/env';
import { tenantQuotas } from './environment/tenant-quotas';
import { connectRoute } from '../events/web-socket/connect';

const clock = new PlatformClock(systemClock);
const { calls } = createDynamoClients();
/** Three calls one after another, and a clean-up if one fails, within the function's 4 s. The start of an inbox push comes on top only when all is well. */
const callMs = 1_200;

export const handler = connectRoute({
  revocations: new DynamoRevocationStore(calls, text(variables.connectionTable), callMs),
  rateCounter: new DynamoRateCounter(calls, text(variables.connectionTable), callMs),
  quotas: tenantQuotas(),
  usage: new DynamoTenantUsage(calls, text(variables.connectionTable), clock, callMs),
  connections: new DynamoConnectionStore(calls, text(variables.connectionTable), callMs),
  agents: new DynamoAgentStore(calls, text(variables.agentTable), clock, callMs),
  sender: createSender(oneOf(variables.sender, senderKinds), text(variables.callbackUrl)),
  invoker: new LambdaInvoker(),
  inboxFunction: text(variables.inboxFunction),
  clock,
  connectionLimit: wholeNumber(variables.connectionLimit),
  presenceFunction: text(variables.presenceFunction),
  presenceGraceMs: wholeNumber(variables.presenceGraceSeconds) * 1_000,
  events: createEvents(optionalText(variables.eventBus), optionalText(variables.eventSource), jsonLog),
  log: jsonLog,
});
