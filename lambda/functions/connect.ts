/** Entry point of `$connect`: builds what the route needs, once per cold start. */
import { createSender, senderKinds } from '../aws/calls/create-sender';
import { DynamoAgentStore } from '../aws/dynamo/dynamo-agent-store';
import { createDynamoClients } from '../aws/dynamo/dynamo-calls';
import { DynamoConnectionStore } from '../aws/dynamo/dynamo-connection-store';
import { DynamoRevocationStore } from '../aws/dynamo/dynamo-revocation-store';
import { jsonLog } from '../aws/json-log';
import { LambdaInvoker } from '../aws/calls/lambda-invoker';
import { systemClock } from '../aws/system-clock';
import { variables } from '../contract';
import { PlatformClock } from '../shared/platform-clock';
import { oneOf, text, wholeNumber } from './env';
import { connectRoute } from '../events/connect';

const clock = new PlatformClock(systemClock);
const { calls } = createDynamoClients();
/** Three calls one after another, and a clean-up if one fails, within the function's 4 s. The start of an inbox push comes on top only when all is well. */
const callMs = 1_200;

export const handler = connectRoute({
  revocations: new DynamoRevocationStore(calls, text(variables.connectionTable), callMs),
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
