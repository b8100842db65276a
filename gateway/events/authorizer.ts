/**
 * The REQUEST authorizer's event: all headers, and empty objects (not absent members) for an absent query
 * and absent stage variables, unlike CONNECT.
 */
import { accountId, partition, region } from '../platform';
import { type HandshakeRequest, type HeaderList, queryMaps, valueMaps } from './handshake-request';
import type { ApiFacts, RequestContext } from './request-context';

export function connectArn(api: ApiFacts): string {
  return `arn:${partition}:execute-api:${region}:${accountId}:${api.apiId}/${api.stage}/$connect`;
}

export function authorizerEvent(request: HandshakeRequest, api: ApiFacts, context: RequestContext): object {
  const contentLength: HeaderList = [['content-length', '0']];
  const headers = valueMaps([...request.headers, ...contentLength]);
  const query = queryMaps(request.query);
  return {
    type: 'REQUEST',
    methodArn: connectArn(api),
    headers: headers.single,
    multiValueHeaders: headers.multi,
    queryStringParameters: query.single,
    multiValueQueryStringParameters: query.multi,
    stageVariables: api.stageVariables,
    requestContext: context,
  };
}
