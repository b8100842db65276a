/** Measures the cost of a signature on each given Node version: the reason for our own HMAC. */
import { askOnce } from '../child';
import { type Figure, figureOf } from '../stats';
import type { SigningFigures, SigningTask } from './variants';

export interface SigningResult {
  readonly node: string;
  readonly variant: string;
  readonly microseconds: Figure;
}

/** `nodes`: executables. */
export async function runSigning(
  task: SigningTask,
  nodes: readonly string[],
  report: (text: string) => void,
): Promise<SigningResult[]> {
  const results: SigningResult[] = [];
  for (const executable of nodes) {
    report('signing');
    const { node, microseconds } = await askOnce<SigningFigures>('signing/variants.ts', task, {
      core: 0,
      executable,
    });
    for (const [variant, values] of Object.entries(microseconds)) {
      results.push({ node, variant, microseconds: figureOf(values) });
    }
  }
  return results;
}
