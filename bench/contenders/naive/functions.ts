/**
 * The design of common tutorials, as a baseline: a table of connections, a scan per message, and concurrent posts to
 * all connections with the SDK. No tokens, order, acknowledgement or history. Written for this benchmark.
 */
import {
  ApiGatewayManagementApiClient,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, DynamoDBDocumentClient, PutCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';

interface SocketEvent {
  readonly requestContext: { connectionId: string; domainName: string; stage: string };
  readonly queryStringParameters?: Readonly<Record<string, string>>;
  readonly body?: string;
}

interface Row {
  readonly connectionId: string;
  readonly channel: string;
}

const tables = DynamoDBDocumentClient.from(new DynamoDBClient());
const TableName = process.env.CONNECTIONS_TABLE ?? '';
const api = new ApiGatewayManagementApiClient({ endpoint: process.env.CALLBACK_URL ?? '' });
const ok = { statusCode: 200 };

export async function connect({ requestContext, queryStringParameters }: SocketEvent) {
  const { connectionId, domainName, stage } = requestContext;
  // The ids are not verified.
  const { channel_id: channel = 'lobby', tenant: tenantId, agent: agentId } = queryStringParameters ?? {};
  const connectedAt = new Date().toISOString();
  const ttl = Math.floor(Date.now() / 1_000) + 7_200;
  await tables.send(
    new PutCommand({
      TableName,
      Item: { connectionId, tenantId, agentId, channel, domainName, stage, connectedAt, ttl },
    }),
  );
  return ok;
}

export async function disconnect({ requestContext: { connectionId } }: SocketEvent) {
  await tables.send(new DeleteCommand({ TableName, Key: { connectionId } }));
  return ok;
}

export async function message({ requestContext, body = '' }: SocketEvent) {
  const rows: Row[] = [];
  let start: Record<string, unknown> | undefined;
  do {
    const page = await tables.send(new ScanCommand({ TableName, ExclusiveStartKey: start }));
    rows.push(...((page.Items ?? []) as Row[]));
    start = page.LastEvaluatedKey;
  } while (start !== undefined);
  const channel = rows.find(({ connectionId }) => connectionId === requestContext.connectionId)?.channel;
  const receivers = rows.filter((row) => row.channel === channel);
  await Promise.all(
    receivers.map(async ({ connectionId }) => {
      try {
        await api.send(new PostToConnectionCommand({ ConnectionId: connectionId, Data: body }));
      } catch (error) {
        if ((error as Error).name !== 'GoneException') throw error;
        await tables.send(new DeleteCommand({ TableName, Key: { connectionId } }));
      }
    }),
  );
  return ok;
}
