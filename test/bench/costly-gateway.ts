/**
 * Runs text messages over the laptop gateway, one after another and with nobody else there: what AWS would bill for each, and how much
 * memory its function held beyond what it holds at rest. The bundle of `default` is the deployed one with a probe behind it.
 */
import { appendFileSync, cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { countsBetween, startGateway } from '../../gateway';
import { billFor } from '../../gateway/costs/bill';
import { assemblyFor } from '../helpers/assembly';
import { Bus, fresh } from '../helpers/bus';
import { eventually } from '../helpers/eventually';
import { logsOf } from '../helpers/logs';
import type { Frame } from './costly-frames';
import { fillAgents, fillLogs, type Prepared, worldClock } from './costly-world';

/** Rates would refuse most of the texts. */
const settings = { messageRate: { agentPerSecond: 0, tenantPerSecond: 0 } };
const bytesPerFrame = 32_000;
const patienceMs = 30_000;
const settleMs = 40;
/** A machine that is busy with something else may not let a function answer in its time. */
const maxRounds = 3;
const endOfRun = /"event":"probe"|Task timed out/;

/**
 * The heap of the function's own isolate with the buffers outside of it. At rest: after a full collection. The peak is that of
 * readings every 5 ms, garbage that is not collected yet included, so it is never too low by more than what lives shorter.
 */
const probe = `
;if (process.env.AWS_LAMBDA_FUNCTION_NAME.includes('DefaultFunction')) {
  const { handler } = module.exports;
  require('node:v8').setFlagsFromString('--expose-gc');
  const collect = require('node:vm').runInNewContext('gc');
  const held = () => { const { heapUsed, external } = process.memoryUsage(); return heapUsed + external; };
  module.exports = { handler: async (...args) => {
    collect();
    const rest = held();
    let peak = rest;
    const timer = setInterval(() => { peak = Math.max(peak, held()); }, 5);
    try { return await handler(...args); }
    finally { clearInterval(timer); console.log(JSON.stringify({ event: 'probe', grown: Math.max(peak, held()) - rest })); }
  } };
}
`;

export interface Measured {
  /** Without the minutes of the connection. */
  readonly dollars: number;
  readonly megabytes: number;
}

export class CostlyGateway {
  private constructor(
    private readonly bus: Bus,
    private readonly assembly: string,
    private readonly filledAt: number,
  ) {}

  /** Each world is a tenant. */
  static async start(worlds: Readonly<Record<string, Prepared>>): Promise<CostlyGateway> {
    const assembly = mkdtempSync(path.join(tmpdir(), 'artcafe-probed-'));
    cpSync(await assemblyFor(settings), assembly, { recursive: true });
    for (const folder of readdirSync(assembly).filter((name) => name.startsWith('asset.')))
      if (readdirSync(path.join(assembly, folder)).includes('index.js'))
        appendFileSync(path.join(assembly, folder, 'index.js'), probe);
    const bus = await Bus.start({ release: { assembly, startGateway } });
    const { store, agents, close } = logsOf(bus.inside.gateway);
    const now = bus.now();
    for (const [tenant, prepared] of Object.entries(worlds)) {
      await fillLogs(store, prepared, now, tenant);
      await fillAgents(agents, prepared, tenant);
    }
    close();
    return new CostlyGateway(bus, assembly, now);
  }

  async measure(tenant: string, frames: readonly Frame[]): Promise<Measured> {
    for (let round = 0; round < maxRounds; round++) {
      const measured = await this.tryToMeasure(tenant, frames);
      if (measured !== undefined) return measured;
    }
    throw new Error(`The function was cut off ${String(maxRounds)} times`);
  }

  async stop(): Promise<void> {
    await this.bus.stop();
    rmSync(this.assembly, { recursive: true, force: true });
  }

  /** `undefined` when the function was cut off. */
  private async tryToMeasure(tenant: string, frames: readonly Frame[]): Promise<Measured | undefined> {
    const { bus } = this;
    const client = await bus.connect({ tenant, agent: fresh('agent') }, { level: 1 });
    const before = await this.settledCounts();
    const start = bus.inside.log.length;
    const text = JSON.stringify(frames).replaceAll(`empty-${worldClock}`, `empty-${this.filledAt}`);
    client.sendInPieces(text, bytesPerFrame);
    const end = await eventually(
      () => bus.inside.log.slice(start).find(({ text }) => endOfRun.test(text))?.text,
      (text) => text !== undefined,
      patienceMs,
    );
    const bill = billFor(countsBetween(before, await this.settledCounts()));
    const minutes = bill.lines.find(({ item }) => item === 'connectionMinute')!.dollars;
    const closing = bus.inside.log.length;
    await client.close();
    // The next one must not be delivered to this one, nor pay for its end.
    await eventually(
      () => bus.inside.log.slice(closing).some(({ text }) => text.includes('"disconnected"')),
      (isOver) => isOver,
      patienceMs,
    );
    if (end?.includes('timed out') === true) return undefined;
    const { grown } = JSON.parse(end ?? '{}') as { grown: number };
    return { dollars: bill.dollars - minutes, megabytes: grown / 2 ** 20 };
  }

  /** When nothing is counted any more: other functions go on behind the one that was asked. */
  private async settledCounts() {
    const read = () => this.bus.inside.gateway.costs().counts;
    const callsOf = ({ calls, functions, messagesOut }: ReturnType<typeof read>) =>
      JSON.stringify([calls, functions, messagesOut]);
    let last = '';
    return eventually(
      async () => {
        await new Promise((resolve) => setTimeout(resolve, settleMs));
        return read();
      },
      (counts) => {
        const isSame = callsOf(counts) === last;
        last = callsOf(counts);
        return isSame;
      },
      patienceMs,
    );
  }
}
