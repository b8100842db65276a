/**
 * EventBridge for the functions: PutEvents of its JSON protocol, the rules of the stack, and a page with the newest events.
 * Source: Amazon EventBridge API reference, PutEvents.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../clock';
import type { CostMeter } from '../costs/meter';
import { eventBridgePath } from '../http/endpoints';
import { isSignedFor, readBody, reply, replyError } from '../http/http-reply';
import { type JsonObject, isObject, listOr, objectOr, parseJson } from '../json';
import { accountId, region } from '../platform';
import type { Deliver } from './rules';

export const eventsPath = '/_gateway/events';

/** Of a call. */
const maxEntries = 10;
const maxBytes = 262_144;
const keptEvents = 1_000;

type Page = (request: IncomingMessage, response: ServerResponse) => void;

/** As the page shows it. */
interface Event {
  bus: string;
  id: string;
  source: string;
  'detail-type': string;
  account: string;
  region: string;
  time: string;
  detail: JsonObject;
}

export class EventBus {
  private readonly events: Event[] = [];

  constructor(
    private readonly clock: Pick<Clock, 'now'>,
    private readonly costs: Pick<CostMeter, 'called' | 'evented'>,
    private readonly deliver: Deliver,
  ) {}

  /** By path. */
  get pages(): [string, Page][] {
    const take: Page = (request, response) => {
      this.take(request, response).catch(() => response.destroy());
    };
    return [
      [eventBridgePath, take],
      [
        eventsPath,
        (request, response) => {
          if (request.method === 'GET') reply(response, 200, { events: this.events });
          else replyError(response, 405, 'MethodNotAllowed', 'Only GET');
        },
      ],
    ];
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request, 2 * maxBytes);
    const entries = listOr(objectOr(parseJson(body?.toString() ?? '')).Entries).map(objectOr);
    if (!isSignedFor(request, 'events')) {
      replyError(response, 403, 'MissingAuthenticationTokenException', 'Missing Authentication Token');
    } else if (request.headers['x-amz-target'] !== 'AWSEvents.PutEvents') {
      replyError(response, 400, 'UnknownOperationException', 'The gateway supports PutEvents only');
    } else if (entries.length === 0 || entries.length > maxEntries || bytesOf(entries) > maxBytes) {
      replyError(response, 400, 'ValidationException', '1 to 10 entries with 256 KB together');
    } else {
      this.costs.called('events:PutEvents');
      const answers = entries.map((entry) => this.add(entry));
      const FailedEntryCount = answers.filter(({ ErrorCode }) => ErrorCode !== undefined).length;
      reply(response, 200, { FailedEntryCount, Entries: answers });
    }
  }

  private add(entry: JsonObject): { EventId?: string; ErrorCode?: string } {
    const { Source: source, DetailType, Detail, Resources, EventBusName = 'default' } = entry;
    const detail = typeof Detail === 'string' ? parseJson(Detail) : undefined;
    if (!isObject(detail)) return { ErrorCode: 'MalformedDetail' };
    if (typeof source !== 'string' || typeof DetailType !== 'string') return { ErrorCode: 'InvalidArgument' };
    // A name, or an ARN that ends in it.
    const bus = String(EventBusName).split('/').at(-1) ?? '';
    const event = {
      id: randomUUID(),
      source,
      'detail-type': DetailType,
      account: accountId,
      region,
      time: new Date(this.clock.now()).toISOString(),
      detail,
    };
    this.events.push({ bus, ...event });
    if (this.events.length > keptEvents) this.events.shift();
    this.costs.evented(bytesOf([entry]));
    const time = event.time.replace(/\.\d+Z$/, 'Z');
    this.deliver(bus, { version: '0', ...event, time, resources: listOr(Resources) });
    return { EventId: event.id };
  }
}

function bytesOf(entries: readonly JsonObject[]): number {
  const fields = entries.flatMap(({ Source, DetailType, Detail }) => [Source, DetailType, Detail]);
  return fields.reduce<number>(
    (sum, field) => sum + Buffer.byteLength(typeof field === 'string' ? field : ''),
    0,
  );
}
