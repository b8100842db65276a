/**
 * The audit function: gets the marked lines of the other functions from CloudWatch Logs, and writes them into its own log, which
 * is kept for longer. Source: CloudWatch Logs user guide, subscription filters with Lambda.
 */
import { gunzipSync } from 'node:zlib';

export interface LogsEvent {
  readonly awslogs: {
    /** JSON, gzipped, in base64. */
    readonly data: string;
  };
}

interface LogsData {
  /** `CONTROL_MESSAGE`: CloudWatch tries whether the function is there. */
  readonly messageType: string;
  readonly logEvents: readonly { readonly message: string }[];
}

export function auditRoute(write: (line: string) => void) {
  return ({ awslogs }: LogsEvent): Promise<void> => {
    const text = gunzipSync(Buffer.from(awslogs.data, 'base64')).toString('utf8');
    const { messageType, logEvents } = JSON.parse(text) as LogsData;
    if (messageType === 'DATA_MESSAGE') for (const { message } of logEvents) write(message.trimEnd());
    return Promise.resolve();
  };
}
