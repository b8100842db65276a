/** Entry point of `$disconnect`: builds what the route needs, once per cold start. */
import { createEvents } from '../aws/calls/event-bridge';
import { DynamoAgentStore } from '../aws/dynamo/agents/dynamo-agent-store';
import { createDynamoClients } from '../aws/dynamo/dynamo-calls';
import { DynamoConnectionStore } from '../aws/dynamo/dynamo-connection-store';
import { jsonLog } from '../aws/json-log';
import { LambdaInvoker } from '../aws/calls/lambda-invoker';
import { systemClock } from '../aws/system-clock';
import { variables } from '../contract';
import { PlatformClock } from '../shared/platform-clock';
import { optionalText, text, wholeNumber } from './environment/env';
import { disconnectRoute } from '../events/web-socket/disconnect';

const clock = new PlatformClock(systemClock);
const { calls } = createDynamoClients();
/** Nobody waits for it, and nobody else does it in time: patience pays. */
const callMs = 2_500;

export const handler = disconnectRoute({
  connections: new DynamoConnectionStore(calls, text(variables.connectionTable), callMs),
  agents: new DynamoAgentStore(calls, text(variables.agentTable), clock, callMs),
  invoker: new LambdaInvoker(),
  presenceFunction: text(variables.presenceFunction),
  presenceGraceMs: wholeNumber(variables.presenceGraceSeconds) * 1_000,
  clock,
  events: createEvents(optionalText(variables.eventBus), optionalText(variables.eventSource), jsonLog),
  log: jsonLog,
});
