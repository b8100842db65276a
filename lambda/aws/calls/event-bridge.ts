/**
 * PutEvents by hand, as the SDK's client would be as large as a function. Source: Amazon EventBridge API reference, PutEvents
 * (JSON 1.1).
 */
import type { BusEvent, EventSink, Logger } from '../../shared/ports';
import { signedPost } from './signed-post';

const callMs = 800;
/** Of one call. */
const maxEntries = 10;
/** The limit is 256 KB, other fields included. */
const maxBytes = 240_000;

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
    let errors: readonly (string | undefined)[];
    try {
      errors = await this.call(batch);
    } catch (error) {
      const name = error instanceof Error ? error.name : 'unknown';
      errors = batch.map(() => name);
    }
    for (const [index, { type }] of batch.entries()) {
      if (errors[index] !== undefined) this.log.error('event_not_sent', { type, error: errors[index] });
    }
    return errors.map((error) => error === undefined);
  }

  /** What was wrong with each event. */
  private async call(batch: readonly BusEvent[]): Promise<readonly (string | undefined)[]> {
    const { status, body } = await signedPost(
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
        timeoutMs: callMs,
      },
      this.env,
    );
    if (status !== 200) {
      const [, type = ''] = /"__type":"(?:[^"]*#)?(\w+)"/.exec(body) ?? [];
      return batch.map(() => `EventBridge answered ${status} ${type}`.trim());
    }
    const { Entries: entries } = JSON.parse(body) as {
      Entries: readonly { EventId?: string; ErrorCode?: string }[];
    };
    return batch.map((_, index) => {
      const { EventId: id, ErrorCode: code } = entries[index] ?? {};
      return id === undefined ? (code ?? 'no answer') : undefined;
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
