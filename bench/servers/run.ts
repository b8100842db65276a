/**
 * Runs the load of the contenders against plain servers, without gateway, functions and tables. The results go into a
 * separate table.
 */
import { Child } from '../child';
import type { ClientFigures, OpenTask, PublishTask } from '../contenders/clients';
import { type DeliveryStats, deliveryStatsOf } from '../contenders/delivery-stats';
import type { Scenario } from '../contenders/run';
import type { ServerReady, ServerTask } from './server';

export const serverKinds = ['ws', 'socket.io'] as const;

export interface ServerResult extends Scenario, DeliveryStats {
  readonly kind: (typeof serverKinds)[number];
}

export interface ServerOptions {
  readonly scenarios: readonly Scenario[];
  readonly repetitions: number;
  readonly durationMs: number;
}

export async function runServers(
  options: ServerOptions,
  report: (text: string) => void,
): Promise<ServerResult[]> {
  const results: ServerResult[] = [];
  for (const scenario of options.scenarios) {
    const done = new Map<ServerResult['kind'], ClientFigures[]>(serverKinds.map((kind) => [kind, []]));
    for (let repetition = 1; repetition <= options.repetitions; repetition++) {
      for (const kind of serverKinds) {
        report(`${kind} server: ${scenario.subscribers} subscribers, ${scenario.bytes} B, run ${repetition}`);
        done.get(kind)?.push(await repeat(kind, scenario, options.durationMs));
      }
    }
    for (const [kind, figures] of done) results.push({ ...scenario, kind, ...deliveryStatsOf(figures) });
  }
  return results;
}

async function repeat(
  kind: ServerResult['kind'],
  { subscribers, bytes, intervalMs }: Scenario,
  durationMs: number,
): Promise<ClientFigures> {
  const server = Child.start('servers/server.ts', { core: 0 });
  const clients = Child.start('contenders/clients.ts', { core: 1 });
  try {
    const { url } = await server.ask<ServerReady>({ kind } satisfies ServerTask);
    const urls = Array.from({ length: subscribers }, () => url);
    await clients.ask({ dialect: kind, urls } satisfies OpenTask);
    const task = { bytes, intervalMs, durationMs, acknowledges: false };
    await clients.ask({ ...task, prefix: 'warm', maxPublishes: 3 } satisfies PublishTask);
    const measuring: PublishTask = { ...task, prefix: 'm', maxPublishes: Number.MAX_SAFE_INTEGER };
    return await clients.ask<ClientFigures>(measuring);
  } finally {
    await Promise.all([clients.stop(), server.stop()]);
  }
}
