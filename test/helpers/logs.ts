/** The logs and agents of a running gateway, as the functions read and write them. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Gateway } from '../../gateway/index';
import { DynamoAgentStore } from '../../lambda/aws/dynamo/agents/dynamo-agent-store';
import { systemClock } from '../../lambda/aws/system-clock';
import { DynamoHistoryStore } from '../../lambda/aws/dynamo/dynamo-history-store';

const quiet = { info: () => undefined, error: () => undefined };
const callMs = 10_000;

export function logsOf({ endpoints, outputs }: Gateway): {
  store: DynamoHistoryStore;
  agents: DynamoAgentStore;
  close: () => void;
} {
  const client = new DynamoDBClient({
    endpoint: endpoints.dynamodb,
    region: 'us-east-1',
    credentials: { accessKeyId: 'LAPTOPGATEWAY', secretAccessKey: 'laptop' },
  });
  const documents = DynamoDBDocumentClient.from(client);
  const clients = { calls: documents, singleAttempt: documents };
  const store = new DynamoHistoryStore(clients, outputs.MessageTableName ?? '', quiet, callMs);
  const agents = new DynamoAgentStore(documents, outputs.AgentTableName ?? '', systemClock, callMs);
  return {
    store,
    agents,
    close: () => {
      client.destroy();
    },
  };
}
