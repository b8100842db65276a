/** Counts messages, connections, calls and units. The modules of the gateway report them; prices are elsewhere. */
import type { Caller } from '../caller';
import type { Clock } from '../clock';
import { type Counts, emptyPolls, messageUnits, noCounts, payloadUnits, requestUnits } from './counts';

const minuteMs = 60_000;

export class CostMeter {
  private readonly total = noCounts();
  /** Connection id → time when the connection opened. */
  private readonly open = new Map<string, number>();
  private closedMs = 0;
  /** Thread → what its run has posted. */
  private readonly runs = new Map<string, PostsOfRun>();
  /** When Lambda began to poll, of each queue. */
  private readonly polledSince: number[] = [];

  constructor(private readonly clock: Clock) {}

  received(bytes: number): void {
    this.total.messagesIn += 1;
    this.total.unitsIn += messageUnits(bytes);
  }

  sent(bytes: number, viaEdge: boolean): void {
    this.total.messagesOut += 1;
    this.total.unitsOut += messageUnits(bytes);
    this.total[viaEdge ? 'edgeBytesOut' : 'bytesOut'] += bytes;
  }

  handshake(viaEdge: boolean): void {
    this.total.handshakes += 1;
    if (viaEdge) this.total.edgeHandshakes += 1;
  }

  /** A request to the HTTP API. */
  requested(bytes: number): void {
    this.total.httpRequests += requestUnits(bytes);
  }

  opened(connectionId: string, connectedAt: number): void {
    this.open.set(connectionId, connectedAt);
  }

  closed(connectionId: string): void {
    const since = this.open.get(connectionId);
    if (since === undefined) return;
    this.open.delete(connectionId);
    this.closedMs += this.clock.now() - since;
  }

  invoked(functionName: string, memoryMb: number): void {
    this.functionOf(functionName, memoryMb).requests += 1;
  }

  /** A thread begins to handle an event. */
  began({ thread }: Caller): void {
    this.runs.set(thread, new PostsOfRun());
  }

  ended({ thread }: Caller): void {
    this.runs.delete(thread);
  }

  /** A call of a function to `@connections`. */
  managed(method: string | undefined, { functionName, thread }: Caller, connectionId: string): void {
    this.called(`execute-api:${method ?? ''}`);
    const counts = this.total.functions[functionName];
    if (method !== 'POST' || counts === undefined) return;
    counts.posts += 1;
    if (this.runs.get(thread)?.add(connectionId) === true) counts.postRounds += 1;
  }

  /** A call of a function to DynamoDB. */
  tableCall(operation: string, { functionName }: Caller): void {
    this.called(`dynamodb:${operation}`);
    const counts = this.total.functions[functionName];
    if (counts !== undefined) counts.tableCalls += 1;
  }

  called(operation: string): void {
    this.total.calls[operation] = (this.total.calls[operation] ?? 0) + 1;
  }

  consumed(kind: 'readUnits' | 'writeUnits', units: number): void {
    this.total[kind] += units;
  }

  /** A request to SQS; the bytes of its messages together. */
  queued(bytes: number): void {
    this.total.queueRequests += payloadUnits(bytes);
  }

  /** From now on Lambda polls one more queue. */
  polls(): void {
    this.polledSince.push(this.clock.now());
  }

  /** An event that EventBridge took. */
  evented(bytes: number): void {
    this.total.busEvents += payloadUnits(bytes);
  }

  /** A copy, which does not change later. */
  read(): Counts {
    const now = this.clock.now();
    let openMs = 0;
    for (const since of this.open.values()) openMs += now - since;
    const pollsNow = this.polledSince.reduce((sum, since) => sum + emptyPolls(now - since), 0);
    return {
      ...structuredClone(this.total),
      queueRequests: this.total.queueRequests + pollsNow,
      connectionMinutes: (this.closedMs + openMs) / minuteMs,
    };
  }

  private functionOf(name: string, memoryMb: number) {
    return (this.total.functions[name] ??= { memoryMb, requests: 0, posts: 0, postRounds: 0, tableCalls: 0 });
  }
}

/** The posts of one run. Those to one connection wait for each other, so that they arrive in order. */
class PostsOfRun {
  private readonly byConnection = new Map<string, number>();
  private longest = 0;

  /** Whether the posts to this connection are now more than those to any other. */
  add(connectionId: string): boolean {
    const posts = (this.byConnection.get(connectionId) ?? 0) + 1;
    this.byConnection.set(connectionId, posts);
    if (posts <= this.longest) return false;
    this.longest = posts;
    return true;
  }
}
