/** One question to a deployment, and the answers as a table. */
import type { Target } from './target';

export interface Verdict {
  /** In a few words. */
  readonly found: string;
  readonly isGood: boolean;
}

export interface Check {
  readonly asked: string;
  readonly expected: string;
  /** What to do when it is not so. */
  readonly advice: string;
  readonly run: (target: Target) => Promise<Verdict>;
}

export interface Row {
  readonly asked: string;
  readonly expected: string;
  readonly found: string;
  /** Empty when it is as expected. */
  readonly toDo: string;
}

/** Good when what was found is exactly what is expected. */
export function exactly(
  asked: string,
  expected: string,
  advice: string,
  find: (target: Target) => Promise<string | number>,
): Check {
  return {
    asked,
    expected,
    advice,
    run: async (target) => {
      const found = String(await find(target));
      return { found, isGood: found === expected };
    },
  };
}

/** A check that throws has failed; the others go on. */
export async function answer({ asked, expected, advice, run }: Check, target: Target): Promise<Row> {
  try {
    const { found, isGood } = await run(target);
    return { asked, expected, found, toDo: isGood ? '' : advice };
  } catch (error) {
    return { asked, expected, found: error instanceof Error ? error.message : String(error), toDo: advice };
  }
}

const columns = ['asked', 'expected', 'found', 'toDo'] as const;
const titles: Row = { asked: 'asked', expected: 'expected', found: 'found', toDo: 'what to do' };

export function tableOf(rows: readonly Row[]): string {
  const all = [titles, ...rows];
  const widths = columns.map((column) => Math.max(...all.map((row) => row[column].length)));
  return all
    .map((row) =>
      columns
        .map((column, index) => row[column].padEnd(widths[index] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
