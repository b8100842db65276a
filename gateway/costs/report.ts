/** The cost report: `GET /_gateway/costs`, and one line when the gateway stops. */
import { type Bill, billFor } from './bill';
import type { Counts } from './counts';
import { type DurationModel, durationModel } from './duration-model';
import { type Price, priceList } from './price-list';

export interface CostReport {
  readonly counts: Counts;
  readonly bill: Bill;
  readonly prices: Readonly<Record<string, Price>>;
  readonly durationModel: DurationModel;
}

export function costReport(counts: Counts): CostReport {
  return { counts, bill: billFor(counts), prices: priceList, durationModel };
}

/** @example 'On AWS this would have cost about $0.0012 (12 messages in, 140 out, 60 connection minutes), 1.06 times the floor.' */
export function costLine({ counts, bill }: CostReport): string {
  const { messagesIn, messagesOut, connectionMinutes } = counts;
  const total = bill.dollars + bill.transferDollars;
  const ratio = bill.ratioToFloor === undefined ? '' : `, ${bill.ratioToFloor.toFixed(2)} times the floor`;
  return `On AWS this would have cost about $${total.toPrecision(2)} (${messagesIn} messages in, ${messagesOut} out, ${Math.round(connectionMinutes)} connection minutes)${ratio}.`;
}
