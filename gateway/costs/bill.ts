/**
 * Multiplies counts by prices. The floor is the minimum that any design on this API pays without batching: the
 * messages, the HTTP requests and the connection minutes.
 */
import type { Counts } from './counts';
import { durationModel, modelledMs } from './duration-model';
import { type PriceName, priceList } from './price-list';

export interface BillLine {
  readonly item: PriceName;
  readonly unit: string;
  readonly count: number;
  readonly dollars: number;
}

export interface Bill {
  readonly lines: readonly BillLine[];
  /** Without data transfer, which is the same for every design. */
  readonly dollars: number;
  readonly floorDollars: number;
  /** `dollars` to `floorDollars`; `undefined` before the first message. */
  readonly ratioToFloor: number | undefined;
  readonly transferDollars: number;
}

const gigabyte = 1e9;
const floorItems: ReadonlySet<PriceName> = new Set(['message', 'connectionMinute', 'httpRequest']);

export function billFor(counts: Counts, model = durationModel): Bill {
  let requests = 0;
  let gigabyteSeconds = 0;
  for (const { memoryMb, requests: times, furtherMs = 0, ...total } of Object.values(counts.functions)) {
    requests += times;
    if (times === 0) continue;
    const each = {
      posts: total.posts / times,
      postRounds: total.postRounds / times,
      tableCalls: total.tableCalls / times,
    };
    const ms = times * modelledMs(each, memoryMb, model) + furtherMs;
    gigabyteSeconds += (ms * memoryMb) / 1_024 / 1_000;
  }
  const amounts: Record<PriceName, number> = {
    message: counts.unitsIn + counts.unitsOut,
    connectionMinute: counts.connectionMinutes,
    httpRequest: counts.httpRequests,
    lambdaRequest: requests,
    lambdaGbSecond: gigabyteSeconds,
    readUnit: counts.readUnits,
    writeUnit: counts.writeUnits,
    signingKeyMonth: counts.signingKeyMonths,
    queueRequest: counts.queueRequests,
    busEvent: counts.busEvents,
    edgeFunction: counts.edgeHandshakes,
    edgeRequest: counts.edgeHandshakes,
    edgeGigabyte: counts.edgeBytesOut / gigabyte,
    gigabyte: counts.bytesOut / gigabyte,
  };
  const lines = (Object.keys(priceList) as PriceName[]).map((item) => ({
    item,
    unit: priceList[item].unit,
    count: amounts[item],
    dollars: amounts[item] * priceList[item].dollars,
  }));
  const sumOf = (wanted: (item: PriceName) => boolean): number =>
    lines.reduce((sum, { item, dollars }) => (wanted(item) ? sum + dollars : sum), 0);
  const isTransfer = (item: PriceName): boolean => item === 'gigabyte' || item === 'edgeGigabyte';
  const dollars = sumOf((item) => !isTransfer(item));
  const floorDollars = sumOf((item) => floorItems.has(item));
  return {
    lines,
    dollars,
    floorDollars,
    ratioToFloor: floorDollars > 0 ? dollars / floorDollars : undefined,
    transferDollars: sumOf(isTransfer),
  };
}
