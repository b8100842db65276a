/**
 * Lambda's Invoke operation for the functions of the stack, so that one function can start another. An asynchronous
 * call (type Event) is accepted before the function runs.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Functions } from '../functions/functions';
import { decodedOr, isSignedFor, readBody, reply, replyError } from './http-reply';
import { parseJson } from '../json';
import { limits } from '../platform';
import { functionNameIn } from '../template/functions';

const invocationPath = /^\/2015-03-31\/functions\/([^/]+)\/invocations\/?$/;

export async function serveLambda(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  functions: Functions,
): Promise<void> {
  const type = request.headers['x-amz-invocation-type'] ?? 'RequestResponse';
  const isAsynchronous = type === 'Event';
  const limit = isAsynchronous ? limits.asyncPayloadBytes : limits.syncPayloadBytes;
  const body = await readBody(request, limit);
  if (!isSignedFor(request, 'lambda')) {
    replyError(response, 403, 'MissingAuthenticationTokenException', 'Missing Authentication Token');
    return;
  }
  const [, encodedName] = invocationPath.exec(path) ?? [];
  const name = functionNameIn(decodedOr(encodedName ?? '', ''));
  if (request.method !== 'POST' || !functions.has(name)) {
    replyError(response, 404, 'ResourceNotFoundException', `Function not found: ${name}`);
    return;
  }
  if (body === undefined) {
    replyError(response, 413, 'RequestTooLargeException', `Request must be smaller than ${limit} bytes`);
    return;
  }
  const payload = body.length === 0 ? '{}' : body.toString();
  if (parseJson(payload) === undefined) {
    replyError(response, 400, 'InvalidRequestContentException', 'Could not parse request body into json');
  } else if (isAsynchronous) {
    void functions.dispatch(name, payload);
    reply(response, 202);
  } else if (type === 'DryRun') {
    reply(response, 204);
  } else {
    await invokeAndWait(name, payload, functions, response);
  }
}

async function invokeAndWait(
  name: string,
  payload: string,
  functions: Functions,
  response: ServerResponse,
): Promise<void> {
  const result = await functions.invoke(name, payload);
  const headers = { 'X-Amz-Executed-Version': '$LATEST' };
  // When the function fails, the call succeeds: 200, with the error as payload and a header that marks it.
  if (result.ok) reply(response, 200, result.payload, headers);
  else reply(response, 200, result.error, { ...headers, 'X-Amz-Function-Error': 'Unhandled' });
}
