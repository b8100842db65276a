/**
 * Where a command goes and as whom: the laptop gateway (default) or a deployed stack by its name, and tokens for it. Nothing is
 * stored: a stack is known from the outputs file of its deployment, else from CloudFormation.
 */
import { readOutputs } from '../../bin/deployment/outputs';
import { UsageError } from '../../bin/usage-error';
import { CommandError, exitCodes } from '../output/exit-codes';
import type { Io } from '../output/io';

export type Outputs = Readonly<Partial<Record<string, string>>>;

/** The options that say where a command goes. */
export interface Location {
  readonly context?: string;
  readonly url?: string;
  readonly outputs?: string;
  readonly bus?: string;
}

export interface Context {
  /** `laptop`, or the name of the stack. */
  readonly name: string;
  /** Base URL for the SDK, such as `ws://127.0.0.1:8787/v1`. */
  readonly url: string;
  readonly isLaptop: boolean;
  outputs(): Promise<Outputs>;
}

export const laptopName = 'laptop';
const laptopUrl = 'ws://127.0.0.1:8787/v1';

/** @throws UsageError when the stack or the URL is not known */
export async function contextOf(place: Location, { environment, directory }: Io): Promise<Context> {
  const name = place.context ?? environment.ARTCAFE_CONTEXT ?? laptopName;
  const given = place.url ?? environment.ARTCAFE_URL;
  if (given !== undefined) checkUrl(given);
  if (name === laptopName) {
    const url = given ?? laptopUrl;
    return { name, url, isLaptop: true, outputs: () => outputsOfLaptop(url) };
  }
  const file = place.outputs ?? environment.ARTCAFE_OUTPUTS;
  const outputs = await readOutputs({ stack: name, directory, file, bus: place.bus });
  const url = given ?? outputs.EdgeBaseUrl ?? outputs.BaseUrl;
  if (url === undefined) throw new UsageError(`The outputs of "${name}" have no base URL; deploy it again.`);
  return { name, url, isLaptop: false, outputs: () => Promise.resolve(outputs) };
}

/** The HTTP address of the laptop gateway whose base URL this is. */
export function originOf(url: string): string {
  return new URL(url.replace(/^ws/, 'http')).origin;
}

/** The HTTP address of the bus. */
export function httpBase(url: string): string {
  return url.replace(/^ws/, 'http').replace(/\/v1\/?$/, '');
}

async function outputsOfLaptop(url: string): Promise<Outputs> {
  const origin = originOf(url);
  const missing = (cause?: unknown) =>
    new CommandError(
      exitCodes.unreachable,
      `No laptop gateway answers at ${origin}; artcafe start runs one, --context names a deployed stack.`,
      { cause },
    );
  const response = await fetch(new URL('/_gateway/ready', origin)).catch((error: unknown) => {
    throw missing(error);
  });
  if (!response.ok) throw missing();
  const { outputs } = (await response.json()) as { readonly outputs?: Outputs };
  return outputs ?? {};
}

function checkUrl(url: string): void {
  if (/^wss?:\/\//.test(url) && URL.canParse(url)) return;
  throw new UsageError(`The URL "${url}" must start with ws:// or wss://.`);
}
