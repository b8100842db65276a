/** A forecast as text, line by line, and the numbers that it is made from. */
import type { forecast } from './forecast';
import type { Load } from './load';
import { UsageError } from '../usage-error';

/** @throws UsageError unless the text is a number above 0 */
export function positive(name: string, text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value;
  throw new UsageError(`--${name} must be a number above 0, not "${text}".`);
}

export function costText(load: Load, { publishes, bill, elsewhere }: ReturnType<typeof forecast>): string {
  const lines = bill.lines
    .filter(({ count }) => count > 0)
    .map(({ unit, count, dollars }) => `${money(dollars)}  ${amount(count)} × ${unit}`);
  const others = elsewhere.map(
    ({ name, dollars, source }) =>
      `${money(dollars)}  ${name}, ${(dollars / bill.dollars).toFixed(2)} times ours (${source})`,
  );
  const kind = load.ephemeral ? 'ephemeral' : 'durable';
  return `${amount(publishes)} ${kind} publishes a month (30 days), each to ${load.fanOut}:

${lines.join('\n')}

${money(bill.dollars)}  together, without data transfer (${money(bill.transferDollars).trim()})
${money(bill.floorDollars)}  floor: messages and connection minutes. Ratio ${bill.ratioToFloor?.toFixed(3) ?? '-'}

The same load elsewhere, without data transfer:
${others.join('\n')}

List prices of us-east-1 without free tiers; docs/costs.md says what is modelled.`;
}

function money(dollars: number): string {
  return `$${dollars.toFixed(2)}`.padStart(12);
}

function amount(count: number): string {
  if (count >= 1e6) return `${(count / 1e6).toFixed(1)} M`;
  return count >= 100 ? String(Math.round(count)) : count.toPrecision(3);
}
