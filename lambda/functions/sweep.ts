/** Entry point of the sweep: builds what the route needs, once per cold start. */
import { createSender, senderKinds } from '../aws/calls/create-sender';
import { DynamoAgentStore } from '../aws/dynamo/dynamo-agent-store';
import { createDynamoClients } from '../aws/dynamo/dynamo-calls';
import { DynamoConnectionStore } from '../aws/dynamo/dynamo-connection-store';
import { DynamoRevocationStore } from '../aws/dynamo/dynamo-revocation-store';
import { DynamoSweepStore } from '../aws/dynamo/dynamo-sweep-store';
import { jsonLog } from '../aws/json-log';
import { LambdaInvoker } from '../aws/calls/lambda-invoker';
import { systemClock } from '../aws/system-clock';
import { variables } from '../contract';
import { PlatformClock } from '../shared/platform-clock';
import { oneOf, text, wholeNumber } from './env';
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
  sweep: new DynamoSweepStore(calls, tables, callMs),
  sender: createSender(oneOf(variables.sender, senderKinds), text(variables.callbackUrl)),
  invoker: new LambdaInvoker(),
  presenceFunction: text(variables.presenceFunction),
  presenceGraceMs: wholeNumber(variables.presenceGraceSeconds) * 1_000,
  clock,
  log: jsonLog,
});
