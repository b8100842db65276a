/** What the audit log says of one request: a refusal, a missing grant, what was read, an order. Never its content. */
import { agentFromPath } from '../../protocol/index';
import type { LogFields } from '../shared/ports';
import type { HttpEvent } from './event';

export interface AuditedRequest {
  readonly event: 'unauthorized' | 'grant_denied' | 'history_read' | 'presence_read' | 'ordered';
  readonly fields: LogFields;
}

/** `errors`: codes of the ERRORs of an array, joined by commas. */
export function auditedRequest(
  {
    rawPath,
    rawQueryString,
    requestContext,
  }: Pick<HttpEvent, 'rawPath' | 'rawQueryString' | 'requestContext'>,
  status: number,
  errors: string,
): AuditedRequest | undefined {
  const { method } = requestContext.http;
  const [, , resource, id, part] = rawPath.split('/');
  const operation = [method, resource, part].filter(Boolean).join(' ').slice(0, 40);
  const about = {
    channel_id: resource === 'channels' ? id?.slice(0, 128) : undefined,
    to: resource === 'agents' && id !== undefined ? agentFromPath(id) : undefined,
  };
  if (status === 401) return { event: 'unauthorized', fields: {} };
  if (status === 403 || errors.includes('forbidden'))
    return { event: 'grant_denied', fields: { operation, ...about } };
  if ((resource === 'revocations' || resource === 'erasures') && status < 300) {
    const to = new URLSearchParams(rawQueryString).get('agent_id') ?? undefined;
    return { event: 'ordered', fields: { operation, to } };
  }
  if (method === 'DELETE' && status < 300) return { event: 'ordered', fields: { operation, ...about } };
  if (method !== 'GET' || status !== 200) return undefined;
  if (resource === 'agents') return { event: 'presence_read', fields: {} };
  if (id !== undefined) return { event: 'history_read', fields: about };
  return undefined;
}
