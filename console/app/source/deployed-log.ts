/** What the functions of a deployed stack have logged: the server of this page asks CloudWatch, which AWS bills. */
import type { Line } from '../../explain/explanation';
import { session } from './session';

export interface CostPoint {
  /** Epoch seconds, where the step of five minutes begins. */
  readonly at: number;
  readonly dollarsPerHour: number;
}

interface LoggedMessage {
  readonly id: string;
  readonly epoch: string;
  /** Epoch milliseconds. */
  readonly timestamp: number;
}

export async function searchLines({ id, epoch, timestamp }: LoggedMessage): Promise<readonly Line[]> {
  const query = new URLSearchParams({ id, epoch, timestamp: String(timestamp) });
  return (await ask<{ readonly lines: readonly Line[] }>(`lines?${query}`)).lines;
}

/** The last hour; the server searches once in five minutes. */
export async function readCost(): Promise<readonly CostPoint[]> {
  return (await ask<{ readonly points: readonly CostPoint[] }>('cost')).points;
}

async function ask<Answer>(path: string): Promise<Answer> {
  const headers = { 'x-console-key': session.value?.logsKey ?? '' };
  const answer = await fetch(`/_console/${path}`, { headers });
  const body = (await answer.json()) as Answer & { readonly message?: string };
  if (!answer.ok) throw new Error(body.message ?? `The console's server answers ${answer.status}.`);
  return body;
}
