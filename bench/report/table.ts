/** Markdown tables and number formats. */
import type { Figure } from '../stats';

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, index) => (index === 0 ? '---' : '---:'))), ...rows.map(line)].join(
    '\n',
  );
}

/** Median, with the lowest and the highest in brackets when they differ. */
export function spread({ median, low, high }: Figure, digits = 1): string {
  if (low.toFixed(digits) === high.toFixed(digits)) return number(median, digits);
  return `${number(median, digits)} (${number(low, digits)}–${number(high, digits)})`;
}

export function number(value: number, digits = 0): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** `dynamodb:Query 2, …`, without the name of the service where it is clear. */
export function calls(perPublish: Readonly<Record<string, number>>): string {
  return Object.entries(perPublish)
    .filter(([, count]) => count > 0.005)
    .map(([operation, count]) => {
      const name = operation === 'execute-api:POST' ? 'post' : (operation.split(':')[1] ?? operation);
      return `${number(count, Number.isInteger(count) ? 0 : 1)} ${name}`;
    })
    .join(', ');
}
