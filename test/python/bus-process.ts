/**
 * A bus for tests in Python: reads calls from stdin and answers on stdout, one JSON text a line. Ends with stdin.
 * A call is {id, call, ...arguments}, its answer {id, value} or {id, error}.
 */
import { createInterface } from 'node:readline';
import type { FaultPlanInput } from '../../gateway/index';
import { Bus, type BusOptions, type Who } from '../helpers/bus';
import { JavaScriptAgent } from './javascript-agent';

type Rules = NonNullable<FaultPlanInput['rules']>;
interface Call {
  readonly id: number;
  readonly call: string;
}

const agents = new Map<string, JavaScriptAgent>();
let running: Bus | undefined;
/** How often each rule of the fault plan was applied, over all plans. */
const fired: number[] = [];

function bus(): Bus {
  if (running === undefined) throw new Error('The bus is not started');
  return running;
}

function faultPlan() {
  const { faultPlan: plan } = bus().inside.gateway;
  if (plan === undefined) throw new Error('The gateway has no fault layer');
  return plan;
}

function countFired(): number[] {
  for (const [index, { fired: count }] of faultPlan().report().counts.entries())
    fired[index] = (fired[index] ?? 0) + count;
  return fired;
}

const calls: Readonly<Record<string, (given: never) => unknown>> = {
  async start(options: BusOptions): Promise<string> {
    running = await Bus.start(options);
    return running.baseUrls.edge;
  },
  token: (who: Who) => bus().token(who),
  advance: ({ ms }: { ms: number }) => bus().inside.gateway.clock.advance(ms),
  /** The plan that follows; gives how often each rule of the one before was applied, when it had any. */
  plan({ seed, rules = [] }: { seed?: number; rules?: Rules }): number[] {
    const counts = countFired();
    faultPlan().replace(seed === undefined ? {} : { seed, rules });
    return counts;
  },
  async open({ agent }: { agent: string }): Promise<void> {
    const client = new JavaScriptAgent(bus(), agent);
    agents.set(agent, client);
    await client.open();
  },
  agent: ({ agent, action, given }: { agent: string; action: string; given: unknown }) =>
    agents.get(agent)?.act(action, given),
};

async function answer(text: string): Promise<void> {
  const { id, call, ...given } = JSON.parse(text) as Call;
  try {
    console.log(JSON.stringify({ id, value: (await calls[call]?.(given as never)) ?? null }));
  } catch (error) {
    console.log(JSON.stringify({ id, error: String(error) }));
  }
}

const lines = createInterface({ input: process.stdin });
lines.on('line', (text) => void answer(text));
lines.on('close', () => {
  void Promise.all([...agents.values()].map((agent) => agent.close()))
    .then(() => running?.stop())
    .finally(() => process.exit());
});
