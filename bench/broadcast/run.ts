/**
 * Broadcasts one message to thousands of recipients, with each sender in a new process on one core and the sink on
 * the other.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { SenderKind } from '../../lambda/aws/calls/create-sender';
import { askOnce, Child } from '../child';
import { type Figure, figureOf } from '../stats';
import { makeCertificate } from '../../gateway/index';
import type { Broadcast, BroadcastFigures, BroadcastTask, Transport } from './sender';
import type { SinkCounts, SinkReady } from './sink';

export interface BroadcastOptions {
  readonly transport: Transport;
  readonly recipients: number;
  readonly bytes: number;
  readonly latencyMs: number;
  readonly repetitions: number;
}

export interface BroadcastResult extends BroadcastOptions {
  readonly kind: SenderKind;
  /** Neither delivered nor reported as failed. */
  readonly lost: number;
  readonly duplicated: number;
  /** Posts without an answer within one second: counted, and left to the log. */
  readonly timedOut: number;
  /** In a new process, and in the same process when it is warm. */
  readonly firstMs: Figure;
  readonly warmMs: Figure;
  readonly firstCpuUs: Figure;
  readonly warmCpuUs: Figure;
  readonly rssAboveIdleMb: Figure;
}

const senders: readonly SenderKind[] = ['lean', 'sdk'];
/** The first one runs in a new process; at the last one the code is warm. */
const broadcasts = 4;

export async function runBroadcasts(
  options: BroadcastOptions,
  report: (text: string) => void,
): Promise<BroadcastResult[]> {
  const { transport, recipients, bytes, latencyMs, repetitions } = options;
  const folder = mkdtempSync(path.join(tmpdir(), 'artcafe-bench-tls-'));
  const files = transport === 'tls' ? makeCertificate(folder) : undefined;
  if (transport === 'tls' && files === undefined) {
    report('no broadcast over TLS: it needs openssl');
    rmSync(folder, { recursive: true, force: true });
    return [];
  }
  const env = files && { NODE_EXTRA_CA_CERTS: files.certificate };
  const sink = Child.start('broadcast/sink.ts', { core: 1 });
  try {
    const ready = await sink.ask<SinkReady>({ rows: recipients, latencyMs, files });
    const figures = new Map<SenderKind, BroadcastFigures[]>(senders.map((kind) => [kind, []]));
    const sinkCounts = new Map<SenderKind, SinkCounts[]>(senders.map((kind) => [kind, []]));
    for (let repetition = 0; repetition < repetitions; repetition++) {
      for (const kind of senders) {
        report(`${kind}: broadcast to ${recipients}, ${transport}, run ${repetition + 1}`);
        const task: BroadcastTask = { ...ready, kind, bytes, broadcasts, transport };
        const run = await askOnce<BroadcastFigures>('broadcast/sender.ts', task, { core: 0, env });
        figures.get(kind)?.push(run);
        sinkCounts.get(kind)?.push(await sink.ask<SinkCounts>({ count: true }));
      }
    }
    return senders.map((kind) => {
      const runs = figures.get(kind) ?? [];
      const counts = sinkCounts.get(kind) ?? [];
      const of = (pick: (run: BroadcastFigures) => number | undefined): Figure =>
        figureOf(runs.map((run) => pick(run) ?? NaN));
      const sum = (pick: (broadcast: Broadcast) => number): number =>
        runs.flatMap((run) => run.broadcasts).reduce((so, broadcast) => so + pick(broadcast), 0);
      const perDelivery = (index: number) => (run: BroadcastFigures) =>
        ((run.broadcasts[index]?.cpuMs ?? NaN) * 1_000) / recipients;
      return {
        ...options,
        kind,
        lost: sum(({ counts: outcomes }) => recipients - (outcomes.delivered ?? 0) - (outcomes.lost ?? 0)),
        duplicated: counts.reduce((so, { posts }) => so + Math.max(0, posts - broadcasts * recipients), 0),
        timedOut: sum(({ counts: outcomes }) => outcomes.lost ?? 0),
        firstMs: of((run) => run.broadcasts[0]?.wallMs),
        warmMs: of((run) => run.broadcasts[broadcasts - 1]?.wallMs),
        firstCpuUs: of(perDelivery(0)),
        warmCpuUs: of(perDelivery(broadcasts - 1)),
        rssAboveIdleMb: of((run) => run.peakRssMb - run.idleRssMb),
      };
    });
  } finally {
    await sink.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
