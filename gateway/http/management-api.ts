/**
 * `POST`, `GET` and `DELETE /{stage}/@connections/{id}`: how functions reach their clients. Errors have the names of
 * AWS, so that SDKs throw the same exceptions.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { callerOf } from '../caller';
import type { Connection } from '../sockets/connection';
import type { Connections } from '../sockets/connections';
import type { CostMeter } from '../costs/meter';
import { isSignedFor, readBody, reply, replyError } from './http-reply';
import { connectionIdShape } from '../ids';
import type { Permissions } from './permissions';
import { limits } from '../platform';
import type { RateLimiter } from '../rate-limiter';
import type { UnverifiedBehaviour } from '../unverified-behaviour';

export interface ManagementApi {
  connections: Connections;
  limiter: RateLimiter;
  permissions: Permissions;
  unverified: UnverifiedBehaviour;
  costs: CostMeter;
  isSeeded: (connectionId: string) => boolean;
}

export async function manageConnection(
  request: IncomingMessage,
  response: ServerResponse,
  connectionId: string,
  { connections, limiter, permissions, unverified, costs, isSeeded }: ManagementApi,
): Promise<void> {
  const body = await readBody(request, limits.messageBytes);
  costs.managed(request.method, callerOf(request.headers), connectionId);
  if (!isSignedFor(request, 'execute-api')) {
    replyError(response, 403, 'ForbiddenException', 'Forbidden');
    return;
  }
  const denial = permissions.denial(request, connectionId);
  if (denial !== undefined) {
    replyError(response, 403, 'ForbiddenException', denial);
    return;
  }
  if (!limiter.take()) {
    replyError(response, 429, 'LimitExceededException', 'Too Many Requests');
    return;
  }
  if (!connectionIdShape.test(connectionId)) {
    replyError(response, 400, 'BadRequestException', `Invalid connectionId: ${connectionId}`);
    return;
  }
  const connection = connections.find(connectionId);
  if (body === undefined && request.method === 'POST') {
    replyError(response, 413, 'PayloadTooLargeException', 'Request Too Long');
  } else if (connections.opening.has(connectionId) && unverified.callInsideConnect === 'hang') {
    // No answer: the caller times out.
  } else if (connection === undefined && request.method === 'POST' && isSeeded(connectionId)) {
    costs.sent(body?.length ?? 0, false);
    reply(response, 200);
  } else if (connection === undefined || connection.isKnownToBeGone) {
    // The same answer for a closed connection, one that is not open yet, and an unknown one.
    replyError(response, 410, 'GoneException', 'Gone');
  } else {
    answer(request.method, body ?? Buffer.alloc(0), connection, response, unverified.deleteStatus);
  }
}

function answer(
  method: string | undefined,
  body: Buffer,
  connection: Connection,
  response: ServerResponse,
  deleteStatus: number,
): void {
  switch (method) {
    case 'POST':
      if (connection.hangsPosts) return;
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
      reply(response, deleteStatus);
      return;
    default:
      replyError(response, 403, 'ForbiddenException', 'Forbidden');
  }
}
