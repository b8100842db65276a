/**
 * The CORS settings of an HTTP API: API Gateway answers preflight requests itself, and replaces the CORS headers of a
 * function. Source: Amazon API Gateway developer guide, "Configure CORS for HTTP APIs".
 */
import type { CorsModel } from '../template/model';

type Headers = Record<string, string>;

/** The headers of the answer to a preflight request; none for an origin or method that is not allowed. */
export function preflightHeaders(cors: CorsModel, origin: string, method: string): Headers {
  const allowed = allowedOrigin(cors, origin);
  if (allowed === undefined) return {};
  if (!cors.allowMethods.includes('*') && !cors.allowMethods.includes(method)) return {};
  return {
    'access-control-allow-origin': allowed,
    'access-control-allow-methods': cors.allowMethods.join(),
    'access-control-allow-headers': cors.allowHeaders.join(),
    ...(cors.maxAgeSeconds !== undefined && { 'access-control-max-age': String(cors.maxAgeSeconds) }),
  };
}

/** The headers of every other answer to a page. */
export function corsHeaders(cors: CorsModel | undefined, origin: string | undefined): Headers {
  const allowed = cors && origin !== undefined ? allowedOrigin(cors, origin) : undefined;
  if (cors === undefined || allowed === undefined) return {};
  return {
    'access-control-allow-origin': allowed,
    ...(cors.exposeHeaders.length > 0 && { 'access-control-expose-headers': cors.exposeHeaders.join() }),
  };
}

function allowedOrigin({ allowOrigins }: CorsModel, origin: string): string | undefined {
  if (allowOrigins.includes('*')) return '*';
  return allowOrigins.includes(origin) ? origin : undefined;
}
