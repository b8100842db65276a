/**
 * `POST`, `GET` and `DELETE /{stage}/@connections/{id}`: how functions reach their clients.
 * Errors carry AWS's names, so that SDKs raise the same exceptions as in the cloud.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Connection } from './connection';
import type { Connections } from './connections';
import { isSignedFor, readBody, reply, replyError } from './http-reply';
import { connectionIdShape } from './ids';
import { limits } from './platform';

export async function manageConnection(
  request: IncomingMessage,
  response: ServerResponse,
  connectionId: string,
  connections: Connections,
): Promise<void> {
  const body = await readBody(request, limits.messageBytes);
  if (!isSignedFor(request, 'execute-api')) {
    replyError(response, 403, 'ForbiddenException', 'Forbidden');
    return;
  }
  if (!connectionIdShape.test(connectionId)) {
    replyError(response, 400, 'BadRequestException', `Invalid connectionId: ${connectionId}`);
    return;
  }
  const connection = connections.find(connectionId);
  if (body === undefined && request.method === 'POST') {
    replyError(response, 413, 'PayloadTooLargeException', 'Request Too Long');
  } else if (connection === undefined) {
    // The same answer for one that is closed, one that is not open yet, and one that never was.
    replyError(response, 410, 'GoneException', 'Gone');
  } else {
    answer(request.method, body ?? Buffer.alloc(0), connection, response);
  }
}

function answer(
  method: string | undefined,
  body: Buffer,
  connection: Connection,
  response: ServerResponse,
): void {
  switch (method) {
    case 'POST':
      if (connection.isClogged) {
        replyError(response, 429, 'LimitExceededException', 'The client does not read fast enough.');
        return;
      }
      connection.send(body);
      reply(response, 200);
      return;
    case 'GET':
      reply(response, 200, {
        connectedAt: new Date(connection.facts.connectedAt).toISOString(),
        identity: connection.facts.identity,
        lastActiveAt: new Date(connection.lastActiveAt).toISOString(),
      });
      return;
    case 'DELETE':
      connection.close(1000, '', { code: 1000, reason: 'Connection Closed Normally' });
      reply(response, 204);
      return;
    default:
      replyError(response, 403, 'ForbiddenException', 'Forbidden');
  }
}
