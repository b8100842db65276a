/**
 * The conformance tests that cannot pass on serverless-offline, each with what the emulator does otherwise than AWS.
 * A listed test that passes is an error too: then the list is out of date.
 */

export interface Difference {
  reason: string;
  titles: RegExp[];
}

export const differences: Difference[] = [];

export function differenceOf(title: string): Difference | undefined {
  return differences.find(({ titles }) => titles.some((each) => each.test(title)));
}
