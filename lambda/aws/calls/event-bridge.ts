/**
 * PutEvents by hand, as the SDK's client would be as large as a function. Source: Amazon EventBridge API reference, PutEvents
 * (JSON 1.1).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { BusEvent, EventSink, Logger } from '../../shared/ports';
import { errorTypeIn, mayPass, signedPost } from './signed-post';

/** For both attempts together, as callers count on it. A second one without time for an answer is not made. */
const sendMs = 800;
const answerMs = 200;
/** Before the second attempt, and as much again at most: functions that were throttled together come back apart. */
const pauseMs = 50;
/** Of one call. */
const maxEntries = 10;
/** The limit is 256 KB, other fields included. */
const maxBytes = 240_000;

/** Of single events: "retry" in the reference. */
const passing: ReadonlySet<string> = new Set(['ThrottlingException', 'InternalFailure', 'InternalException']);

interface Failure {
  readonly error: string;
  /** Whether a second attempt may succeed. */
  readonly mayPass: boolean;
}

export class EventBridge implements EventSink {
  private readonly region: string;
  private readonly url: URL;

  /** `bus`: a name. `source`: of every event. */
  constructor(
    private readonly bus: string,
    private readonly source: string,
    private readonly log: Logger,
    private readonly env: NodeJS.ProcessEnv = process.env,
  ) {
    this.region = env.AWS_REGION ?? '';
    const suffix = this.region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
    this.url = new URL(env.AWS_ENDPOINT_URL_EVENTBRIDGE ?? `https://events.${this.region}.${suffix}`);
  }

  async send(events: readonly BusEvent[]): Promise<readonly boolean[]> {
    return (await Promise.all(batchesOf(events).map((batch) => this.put(batch)))).flat();
  }

  private async put(batch: readonly BusEvent[]): Promise<readonly boolean[]> {
    const startedAt = performance.now();
    const failures = await this.attempt(batch, sendMs);
    const again = [...failures.keys()].filter((index) => failures[index]?.mayPass);
    const pause = pauseMs * (1 + Math.random());
    const leftMs = Math.floor(sendMs - pause - (performance.now() - startedAt));
    if (again.length > 0 && leftMs >= answerMs) {
      await sleep(pause);
      const rest = batch.filter((_, index) => again.includes(index));
      for (const [index, failure] of (await this.attempt(rest, leftMs)).entries())
        failures[again[index] ?? 0] = failure;
    }
    for (const [index, { type }] of batch.entries()) {
      const failure = failures[index];
      if (failure !== undefined) this.log.error('event_not_sent', { type, error: failure.error });
    }
    return batch.map((_, index) => failures[index] === undefined);
  }

  /** What was wrong with each event. */
  private async attempt(batch: readonly BusEvent[], timeoutMs: number): Promise<(Failure | undefined)[]> {
    try {
      return await this.call(batch, timeoutMs);
    } catch (error) {
      const name = error instanceof Error ? error.name : 'unknown';
      // A call that took all of its time is not repeated; a socket that was closed meanwhile is the common case.
      return batch.map(() => ({ error: name, mayPass: name !== 'TimeoutError' }));
    }
  }

  private async call(batch: readonly BusEvent[], timeoutMs: number): Promise<(Failure | undefined)[]> {
    const answer = await signedPost(
      {
        service: 'events',
        region: this.region,
        url: this.url,
        contentType: 'application/x-amz-json-1.1',
        serviceHeaders: { 'x-amz-target': 'AWSEvents.PutEvents' },
        body: JSON.stringify({
          Entries: batch.map(({ type, detail }) => ({
            Source: this.source,
            DetailType: type,
            Detail: detail,
            EventBusName: this.bus,
          })),
        }),
        timeoutMs,
      },
      this.env,
    );
    const { status, body } = answer;
    if (status !== 200) {
      const error = `EventBridge answered ${status} ${errorTypeIn(body)}`.trim();
      return batch.map(() => ({ error, mayPass: mayPass(answer) }));
    }
    const { Entries: entries } = JSON.parse(body) as {
      Entries: readonly { EventId?: string; ErrorCode?: string }[];
    };
    return batch.map((_, index) => {
      const { EventId: id, ErrorCode: code = 'no answer' } = entries[index] ?? {};
      return id === undefined ? { error: code, mayPass: passing.has(code) } : undefined;
    });
  }
}

/** Absent without a bus. */
export function createEvents(
  bus: string | undefined,
  source: string | undefined,
  log: Logger,
): EventSink | undefined {
  return bus === undefined || source === undefined ? undefined : new EventBridge(bus, source, log);
}

function batchesOf(events: readonly BusEvent[]): BusEvent[][] {
  const batches: BusEvent[][] = [];
  let bytes = Infinity;
  for (const event of events) {
    const size = Buffer.byteLength(event.detail);
    if (bytes + size > maxBytes || batches.at(-1)?.length === maxEntries) {
      batches.push([]);
      bytes = 0;
    }
    batches.at(-1)?.push(event);
    bytes += size;
  }
  return batches;
}
