/** Entry point of the function that tells watchers of presence: builds what the route needs, once per cold start. */
import { randomUUID } from 'node:crypto';
import { createSender, senderKinds } from '../aws/calls/create-sender';
import { createEvents } from '../aws/calls/event-bridge';
import { DynamoAgentStore } from '../aws/dynamo/agents/dynamo-agent-store';
import { meterCapacity } from '../aws/dynamo/consumed-capacity';
import { createDynamoClients } from '../aws/dynamo/dynamo-calls';
import { DynamoConnectionStore } from '../aws/dynamo/dynamo-connection-store';
import { DynamoRateCounter } from '../aws/dynamo/dynamo-rate-counter';
import { jsonLog } from '../aws/json-log';
import { LambdaInvoker } from '../aws/calls/lambda-invoker';
import { systemClock } from '../aws/system-clock';
import { variables } from '../contract';
import { PlatformClock } from '../shared/platform-clock';
import { WorkMeter } from '../shared/work-meter';
import { oneOf, optionalText, text, wholeNumber } from './environment/env';
import { workLimits } from './environment/rate-limits';
import { presenceRoute } from '../events/presence';

const clock = new PlatformClock(systemClock);
const work = new WorkMeter();
const { calls, singleAttempt } = createDynamoClients((client) => {
  meterCapacity(client, work);
});
/** Nobody waits for it: patience pays. */
const callMs = 2_500;
const off = { perSecond: 0, burst: 1 };

export const handler = presenceRoute({
  connections: new DynamoConnectionStore(calls, text(variables.connectionTable), callMs),
  agents: new DynamoAgentStore(calls, text(variables.agentTable), clock, callMs),
  sender: createSender(oneOf(variables.sender, senderKinds), text(variables.callbackUrl)),
  invoker: new LambdaInvoker(),
  presenceFunction: text(variables.ownName),
  presenceGraceMs: wholeNumber(variables.presenceGraceSeconds) * 1_000,
  rateCounter: new DynamoRateCounter(singleAttempt, text(variables.connectionTable)),
  // It counts no frames.
  rateLimits: { agent: off, tenant: off, ...workLimits() },
  work,
  clock,
  newId: randomUUID,
  events: createEvents(optionalText(variables.eventBus), optionalText(variables.eventSource), jsonLog),
  log: jsonLog,
});
