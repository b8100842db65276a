/** Entry point of the inbox push: builds what the route needs, once per cold start. */
import { createSender, senderKinds } from '../aws/calls/create-sender';
import { DynamoAgentStore } from '../aws/dynamo/agents/dynamo-agent-store';
import { createDynamoClients } from '../aws/dynamo/dynamo-calls';
import { DynamoHistoryStore } from '../aws/dynamo/dynamo-history-store';
import { jsonLog } from '../aws/json-log';
import { LambdaInvoker } from '../aws/calls/lambda-invoker';
import { systemClock } from '../aws/system-clock';
import { variables } from '../contract';
import { PlatformClock } from '../shared/platform-clock';
import { oneOf, text } from './environment/env';
import { inboxRoute } from '../events/inbox';

const clock = new PlatformClock(systemClock);
const clients = createDynamoClients();
/** Nobody waits for it: patience pays. */
const callMs = 2_500;

export const handler = inboxRoute({
  agents: new DynamoAgentStore(clients.calls, text(variables.agentTable), clock, callMs),
  history: new DynamoHistoryStore(clients, text(variables.messageTable), jsonLog, callMs),
  sender: createSender(oneOf(variables.sender, senderKinds), text(variables.callbackUrl)),
  invoker: new LambdaInvoker(),
  ownName: text(variables.ownName),
  clock,
  log: jsonLog,
});
