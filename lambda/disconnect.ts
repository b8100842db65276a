/** Entry point of `$disconnect`: builds what the route needs, once per cold start. */
import { DynamoAgentStore } from './adapters/dynamo-agent-store';
import { createDynamoClients } from './adapters/dynamo-calls';
import { DynamoConnectionStore } from './adapters/dynamo-connection-store';
import { jsonLog } from './adapters/json-log';
import { LambdaInvoker } from './adapters/lambda-invoker';
import { systemClock } from './adapters/system-clock';
import { variables } from './contract';
import { PlatformClock } from './core/platform-clock';
import { text, wholeNumber } from './env';
import { disconnectRoute } from './routes/disconnect';

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
  log: jsonLog,
});
