/** Entry point of revocations: builds what the route needs, once per cold start. */
import { createSender, senderKinds } from '../aws/calls/create-sender';
import { DynamoAgentStore } from '../aws/dynamo/dynamo-agent-store';
import { createDynamoClients } from '../aws/dynamo/dynamo-calls';
import { DynamoConnectionStore } from '../aws/dynamo/dynamo-connection-store';
import { DynamoRevocationStore } from '../aws/dynamo/dynamo-revocation-store';
import { jsonLog } from '../aws/json-log';
import { LambdaInvoker } from '../aws/calls/lambda-invoker';
import { systemClock } from '../aws/system-clock';
import { variables } from '../contract';
import { oneOf, text, wholeNumber } from './env';
import { revokeRoute } from '../events/revoke';

const { calls } = createDynamoClients();
/** The operator waits, but nobody else does: patience pays. */
const callMs = 5_000;
const connectionTable = text(variables.connectionTable);

export const handler = revokeRoute({
  revocations: new DynamoRevocationStore(calls, connectionTable, callMs),
  connections: new DynamoConnectionStore(calls, connectionTable, callMs),
  agents: new DynamoAgentStore(calls, text(variables.agentTable), systemClock, callMs),
  sender: createSender(oneOf(variables.sender, senderKinds), text(variables.callbackUrl)),
  invoker: new LambdaInvoker(),
  presenceFunction: text(variables.presenceFunction),
  presenceGraceMs: wholeNumber(variables.presenceGraceSeconds) * 1_000,
  maxTokenMs: wholeNumber(variables.maxTokenDays) * 86_400_000,
  clock: systemClock,
  log: jsonLog,
});
