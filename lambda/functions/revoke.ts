/** Entry point of orders to revoke and to erase: builds what their routes need, once per cold start. */
import { createSender, senderKinds } from '../aws/calls/create-sender';
import { createEvents } from '../aws/calls/event-bridge';
import { DynamoAgentStore } from '../aws/dynamo/agents/dynamo-agent-store';
import { createDynamoClients } from '../aws/dynamo/dynamo-calls';
import { DynamoChannelDirectory } from '../aws/dynamo/dynamo-channel-directory';
import { DynamoConnectionStore } from '../aws/dynamo/dynamo-connection-store';
import { DynamoRevocationStore } from '../aws/dynamo/dynamo-revocation-store';
import { DynamoErasureStore } from '../aws/dynamo/erasure/dynamo-erasure-store';
import { jsonLog } from '../aws/json-log';
import { LambdaInvoker } from '../aws/calls/lambda-invoker';
import { SqsFailedEvents } from '../aws/sqs-failed-events';
import { systemClock } from '../aws/system-clock';
import { variables } from '../contract';
import { oneOf, optionalText, text, wholeNumber } from './environment/env';
import { type EraseRouteDependencies, eraseRoute, orderRoute } from '../events/erase';
import { revokeRoute } from '../events/revoke';

const { calls } = createDynamoClients();
/** The operator waits, but nobody else does: patience pays. */
const callMs = 5_000;
const connectionTable = text(variables.connectionTable);

const agentTable = text(variables.agentTable);

const deps: EraseRouteDependencies = {
  revocations: new DynamoRevocationStore(calls, connectionTable, callMs),
  connections: new DynamoConnectionStore(calls, connectionTable, callMs),
  agents: new DynamoAgentStore(calls, agentTable, systemClock, callMs),
  sender: createSender(oneOf(variables.sender, senderKinds), text(variables.callbackUrl)),
  invoker: new LambdaInvoker(),
  presenceFunction: text(variables.presenceFunction),
  presenceGraceMs: wholeNumber(variables.presenceGraceSeconds) * 1_000,
  maxTokenMs: wholeNumber(variables.maxTokenDays) * 86_400_000,
  clock: systemClock,
  events: createEvents(optionalText(variables.eventBus), optionalText(variables.eventSource), jsonLog),
  log: jsonLog,
  directory: new DynamoChannelDirectory(calls, connectionTable, systemClock, callMs),
  erasure: new DynamoErasureStore(
    calls,
    { messages: text(variables.messageTable), agents: agentTable },
    callMs,
  ),
  failedEvents: new SqsFailedEvents(text(variables.failureQueueUrl)),
  ownFunction: text(variables.ownName),
  retentionMs: wholeNumber(variables.retentionSeconds) * 1_000,
  keptDays: JSON.parse(text(variables.keptDays)) as EraseRouteDependencies['keptDays'],
};

export const handler = orderRoute(revokeRoute(deps), eraseRoute(deps));
