/** What the laptop gateway reports about itself, on the page's own address. */

export interface Costs {
  readonly counts: {
    readonly messagesIn: number;
    readonly messagesOut: number;
    readonly connectionMinutes: number;
  };
  readonly bill: { readonly dollars: number; readonly transferDollars: number };
}

export interface FaultRule {
  readonly service: string;
  readonly operation?: string;
  readonly table?: string;
  readonly function?: string;
  readonly fault: string;
  readonly when?: string;
  readonly status?: number;
  readonly delayMs?: number;
  readonly probability?: number;
}

export interface FaultReport {
  readonly plan: {
    readonly seed?: number;
    readonly rules: readonly FaultRule[];
    readonly clocks?: readonly object[];
  };
  /** One per rule. */
  readonly counts: readonly { readonly seen: number; readonly fired: number }[];
}

export interface LogLine {
  readonly function: string;
  readonly timestamp: string;
  readonly line: Readonly<Record<string, unknown>>;
}

/** `undefined` where this gateway has no such page, or keeps it switched off. */
export async function fromGateway<Answer>(path: string, init?: RequestInit): Promise<Answer | undefined> {
  const answer = await fetch(`/_gateway/${path}`, init);
  if (answer.status === 403 || answer.status === 404 || answer.status === 409) return undefined;
  if (answer.ok) return (await answer.json()) as Answer;
  const { message } = (await answer.json()) as { message?: string };
  throw new Error(message ?? `The gateway answers ${answer.status}.`);
}

export async function metricsText(): Promise<string | undefined> {
  const answer = await fetch('/_gateway/metrics');
  return answer.ok ? answer.text() : undefined;
}
