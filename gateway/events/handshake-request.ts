/**
 * An upgrade request as API Gateway receives it, and the header and query maps of events. Header names keep their
 * case; the single-value maps have the last value of a repeated name.
 */

export type HeaderList = [name: string, value: string][];

export interface HandshakeRequest {
  headers: HeaderList;
  /** Raw, without the question mark. */
  query: string;
  sourceIp: string;
  viaEdge: boolean;
}

export interface ValueMaps {
  single: Record<string, string>;
  multi: Record<string, string[]>;
}

export function valueMaps(pairs: Iterable<[string, string]>): ValueMaps {
  const multi = new Map<string, string[]>();
  for (const [name, value] of pairs) {
    const values = multi.get(name);
    if (values === undefined) multi.set(name, [value]);
    else values.push(value);
  }
  const single = [...multi].map(([name, values]) => [name, values.at(-1) ?? ''] as const);
  return { single: Object.fromEntries(single), multi: Object.fromEntries(multi) };
}

/** Values are already decoded. */
export function queryMaps(query: string): ValueMaps {
  return valueMaps(new URLSearchParams(query));
}

export function headerValue(headers: HeaderList, name: string): string | undefined {
  return headers.findLast(([each]) => each.toLowerCase() === name)?.[1];
}

/**
 * Adds what API Gateway adds: the forwarding headers (the address is appended to the value that the client sent) and
 * a trace.
 */
export function withPlatformHeaders(headers: HeaderList, sourceIp: string, trace: string): HeaderList {
  const claimed = headerValue(headers, 'x-forwarded-for');
  const replaced = new Set(['x-forwarded-for', 'x-forwarded-port', 'x-forwarded-proto', 'x-amzn-trace-id']);
  return [
    ...headers.filter(([name]) => !replaced.has(name.toLowerCase())),
    ['X-Amzn-Trace-Id', trace],
    ['X-Forwarded-For', claimed === undefined ? sourceIp : `${claimed}, ${sourceIp}`],
    ['X-Forwarded-Port', '443'],
    ['X-Forwarded-Proto', 'https'],
  ];
}

export function withoutHeaders(headers: HeaderList, ...names: string[]): HeaderList {
  return headers.filter(([name]) => !names.includes(name.toLowerCase()));
}
