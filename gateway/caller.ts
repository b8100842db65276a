/** Who makes a call to AWS: each thread of a function has a session token of its own, which names the function and the thread. */
import type { IncomingHttpHeaders } from 'node:http';
import { credentials } from './platform';

export interface Caller {
  readonly functionName: string;
  /** Handles one event at a time. */
  readonly thread: string;
}

const prefix = `${credentials.sessionToken}/`;

export function sessionTokenOf({ functionName, thread }: Caller): string {
  return `${prefix}${functionName}/${thread}`;
}

/** Both parts are empty when the caller is no function of the gateway. */
export function callerOf(headers: IncomingHttpHeaders): Caller {
  const token = String(headers['x-amz-security-token'] ?? '');
  const [functionName = '', thread = ''] = token.startsWith(prefix)
    ? token.slice(prefix.length).split('/')
    : [];
  return { functionName, thread };
}
