/** Entry point of the inbox push: builds what the route needs, once per cold start. */
import { createSender, senderKinds } from './adapters/create-sender';
import { DynamoAgentStore } from './adapters/dynamo-agent-store';
import { createDynamoClients } from './adapters/dynamo-calls';
import { DynamoHistoryStore } from './adapters/dynamo-history-store';
import { jsonLog } from './adapters/json-log';
import { LambdaInvoker } from './adapters/lambda-invoker';
import { systemClock } from './adapters/system-clock';
import { variables } from './contract';
import { PlatformClock } from './core/platform-clock';
import { oneOf, text } from './env';
import { inboxRoute } from './routes/inbox';

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
