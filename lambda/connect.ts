/** Entry point of `$connect`: builds what the route needs, once per cold start. */
import { createSender, senderKinds } from './adapters/create-sender';
import { DynamoAgentStore } from './adapters/dynamo-agent-store';
import { createDynamoClients } from './adapters/dynamo-calls';
import { DynamoConnectionStore } from './adapters/dynamo-connection-store';
import { jsonLog } from './adapters/json-log';
import { LambdaInvoker } from './adapters/lambda-invoker';
import { systemClock } from './adapters/system-clock';
import { variables } from './contract';
import { PlatformClock } from './core/platform-clock';
import { oneOf, text, wholeNumber } from './env';
import { connectRoute } from './routes/connect';

const clock = new PlatformClock(systemClock);
const { calls } = createDynamoClients();
/** Three calls, and a clean-up if one fails, within the function's 4 s. The start of an inbox push comes on top only when all is well. */
const callMs = 1_200;

export const handler = connectRoute({
  connections: new DynamoConnectionStore(calls, text(variables.connectionTable), callMs),
  agents: new DynamoAgentStore(calls, text(variables.agentTable), clock, callMs),
  sender: createSender(oneOf(variables.sender, senderKinds), text(variables.callbackUrl)),
  invoker: new LambdaInvoker(),
  inboxFunction: text(variables.inboxFunction),
  clock,
  connectionLimit: wholeNumber(variables.connectionLimit),
  presenceFunction: text(variables.presenceFunction),
  presenceGraceMs: wholeNumber(variables.presenceGraceSeconds) * 1_000,
  log: jsonLog,
});
