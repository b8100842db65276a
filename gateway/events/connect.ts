/**
 * The CONNECT event: headers without `Connection` and `Upgrade`; query members only when there is a query.
 * No body, method or path, unlike events of HTTP APIs.
 */
import { type HandshakeRequest, queryMaps, valueMaps, withoutHeaders } from './handshake-request';
import { type ApiFacts, type RequestContext, stageVariablesOf } from './request-context';

export function connectEvent(request: HandshakeRequest, api: ApiFacts, context: RequestContext): object {
  const headers = valueMaps(withoutHeaders(request.headers, 'connection', 'upgrade'));
  const query = queryMaps(request.query);
  return {
    headers: headers.single,
    multiValueHeaders: headers.multi,
    ...(Object.keys(query.single).length > 0 && {
      queryStringParameters: query.single,
      multiValueQueryStringParameters: query.multi,
    }),
    ...stageVariablesOf(api),
    requestContext: context,
    isBase64Encoded: false,
  };
}
