/** Faults that can be switched on: rules of the gateway's fault plan, and how often each has fired. */
import { signal } from '@preact/signals';
import { type FaultReport, type FaultRule, fromGateway } from '../source/gateway';

export interface Fault {
  readonly id: string;
  readonly title: string;
  /** What to watch. */
  readonly effect: string;
  readonly rules: readonly FaultRule[];
}

export const catalogue: readonly Fault[] = [
  {
    id: 'slow-tables',
    title: 'Slow tables',
    effect: 'Every call to a table takes 300 ms longer. ACK latency rises; nothing is lost.',
    rules: [{ service: 'dynamodb', fault: 'delay', delayMs: 300 }],
  },
  {
    id: 'lost-answers',
    title: 'Writes without an answer',
    effect:
      'A tenth of all writes takes effect and its answer is lost. Each message is in the log once all the same.',
    rules: [
      {
        service: 'dynamodb',
        table: 'MessageTable',
        operation: 'PutItem',
        fault: 'hang',
        when: 'after',
        probability: 0.1,
      },
    ],
  },
  {
    id: 'lost-posts',
    title: 'Lost deliveries',
    effect:
      'A third of all deliveries is lost without a trace. Clients notice the hole and read it from the log.',
    rules: [{ service: 'connections', operation: 'post', fault: 'hang', probability: 0.33 }],
  },
  {
    id: 'throttled',
    title: 'Throttled tables',
    effect: 'Every fifth call to a table is refused for now. Publishers wait and try again.',
    rules: [{ service: 'dynamodb', fault: 'throttle', probability: 0.2 }],
  },
  {
    id: 'dying',
    title: 'Functions that die',
    effect:
      'Every twentieth write ends the process of its function. Publishers repeat; no message is stored twice.',
    rules: [{ service: 'dynamodb', operation: 'PutItem', fault: 'kill', when: 'after', probability: 0.05 }],
  },
  {
    id: 'silent-ends',
    title: 'Ends that nobody reports',
    effect:
      'The end of a connection is not reported. Its agent stays online until a delivery to it fails, or the sweep.',
    rules: [{ service: 'event', operation: 'disconnect', fault: 'lose' }],
  },
];

/** `off`: the gateway was started without fault plans. */
export const faultsState = signal<'loading' | 'off' | 'ready' | { readonly error: string }>('loading');
export const report = signal<FaultReport | undefined>(undefined);

export async function loadFaults(): Promise<void> {
  await settle(fromGateway<FaultReport>('faults'));
}

export function isOn({ rules }: Fault): boolean {
  const texts = (report.value?.plan.rules ?? []).map(signature);
  return rules.every((rule) => texts.includes(signature(rule)));
}

/** How often the rules of the fault have fired. */
export function firedCount({ rules }: Fault): number {
  const current = report.value;
  if (current === undefined) return 0;
  const wanted = rules.map(signature);
  return current.plan.rules.reduce(
    (sum, rule, index) => sum + (wanted.includes(signature(rule)) ? (current.counts[index]?.fired ?? 0) : 0),
    0,
  );
}

export async function setFault(fault: Fault, on: boolean): Promise<void> {
  const own = fault.rules.map(signature);
  const others = (report.value?.plan.rules ?? []).filter((rule) => !own.includes(signature(rule)));
  await replacePlan(on ? [...others, ...fault.rules] : others);
}

export async function replacePlan(rules: readonly FaultRule[]): Promise<void> {
  await settle(
    fromGateway<FaultReport>('faults', {
      method: 'PUT',
      body: JSON.stringify({ ...report.value?.plan, rules }),
    }),
  );
}

async function settle(asking: Promise<FaultReport | undefined>): Promise<void> {
  try {
    report.value = await asking;
    faultsState.value = report.value === undefined ? 'off' : 'ready';
  } catch (error) {
    faultsState.value = { error: error instanceof Error ? error.message : String(error) };
  }
}

/** The plan comes back with defaults filled in, so only the members that tell faults apart count. */
function signature({
  service,
  operation = '',
  table = '',
  fault,
  probability = 1,
  delayMs,
}: FaultRule): string {
  const delay = fault === 'delay' ? delayMs : '';
  return [service, operation.toLowerCase(), table, fault, probability, delay].join('|');
}
