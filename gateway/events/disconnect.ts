/**
 * The DISCONNECT event: exactly four headers, three of them empty, as in AWS's documented sample. Of the CONNECT
 * request, only the authorizer's context is included.
 */
import { type ApiFacts, type RequestContext, stageVariablesOf } from './request-context';

export function disconnectEvent(
  code: number,
  reason: string,
  api: ApiFacts,
  context: RequestContext,
): object {
  return {
    headers: { Host: api.domainName, 'x-api-key': '', 'X-Forwarded-For': '', 'x-restapi': '' },
    multiValueHeaders: {
      Host: [api.domainName],
      'x-api-key': [''],
      'X-Forwarded-For': [''],
      'x-restapi': [''],
    },
    requestContext: { ...context, disconnectStatusCode: code, disconnectReason: reason },
    ...stageVariablesOf(api),
    isBase64Encoded: false,
  };
}
