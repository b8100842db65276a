/**
 * The MESSAGE event: the raw text of the reassembled message, no headers, no query.
 * `messageId` exists here only.
 */
import { platformId } from '../ids';
import { type ApiFacts, type RequestContext, stageVariablesOf } from './request-context';

export function messageEvent(body: string, api: ApiFacts, context: RequestContext): object {
  return {
    requestContext: { ...context, messageId: platformId() },
    ...stageVariablesOf(api),
    body,
    isBase64Encoded: false,
  };
}
