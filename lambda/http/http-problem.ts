/** A request that is refused: thrown by handlers, answered as problem details (HTTP-2). */
import { problem, type ProblemDetails } from '../../protocol/index';

export class HttpProblem extends Error {
  override readonly name = 'HttpProblem';

  /** `reason`: for the logs only. */
  constructor(
    readonly details: ProblemDetails,
    readonly reason?: string,
  ) {
    super(details.text ?? details.code);
  }
}

export function refuse(code: ProblemDetails['code'], text?: string): HttpProblem {
  return new HttpProblem({ code, text });
}

export function problemResponse(
  details: ProblemDetails,
  further: Readonly<Record<string, string>> = {},
): Response {
  const body = problem(details);
  const { retry_after_ms: retryAfterMs, status } = body;
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      'content-type': 'application/problem+json',
      ...(retryAfterMs !== undefined && { 'retry-after': String(Math.ceil(retryAfterMs / 1_000)) }),
      // RFC 6750
      ...(status === 401 && { 'www-authenticate': 'Bearer' }),
      ...further,
    },
  });
}
