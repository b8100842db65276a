/**
 * The event of an HTTP API in payload format 2.0, as far as we read it, as a request; and a response as its result.
 * Source: Amazon API Gateway developer guide, "Create AWS Lambda proxy integrations for HTTP APIs".
 */
export interface HttpEvent {
  /** Already decoded. */
  readonly rawPath: string;
  readonly rawQueryString: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly requestContext: {
    readonly requestId: string;
    /** Epoch milliseconds. */
    readonly timeEpoch: number;
    readonly http: { readonly method: string; readonly sourceIp: string };
  };
  readonly body?: string;
  readonly isBase64Encoded: boolean;
}

export interface HttpResult {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** `Request` throws for these. No path has them. */
const refusedMethods = /^(?:CONNECT|TRACE|TRACK)$/i;

export function requestOf(event: HttpEvent): Request {
  const { method: asked } = event.requestContext.http;
  // No path has this one either, so that the answer is 405 with the methods that the path has.
  const method = refusedMethods.test(asked) ? 'PATCH' : asked;
  // The path is encoded again, so that none of its characters is read as syntax.
  const path = event.rawPath.split('/').map(encodeURIComponent).join('/');
  const query = event.rawQueryString === '' ? '' : `?${event.rawQueryString}`;
  const { authorization } = event.headers;
  return new Request(`https://localhost${path}${query}`, {
    method,
    headers: authorization === undefined ? {} : { authorization },
    ...(event.body !== undefined &&
      method !== 'GET' &&
      method !== 'HEAD' && {
        body: event.isBase64Encoded ? Buffer.from(event.body, 'base64') : event.body,
      }),
  });
}

export async function resultOf(response: Response): Promise<HttpResult> {
  return {
    statusCode: response.status,
    headers: Object.fromEntries(response.headers),
    body: await response.text(),
  };
}
