/** The bus of a laptop gateway as a stack of AWS: its outputs in a file, its key in KMS, its log lines in CloudWatch. Not a test itself. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Bus } from '../helpers/bus';
import { type Behaviour, type FakeInsights, fakeInsights, matches } from './fake-insights';

const logGroups = { default: '/log/default', http: '/log/http', inbox: '/log/inbox' };

export interface DeployedStack {
  readonly insights: FakeInsights;
  /** Options of a command. */
  readonly at: readonly string[];
}

/**
 * Sets variables of the environment, which `jest.restoreAllMocks` sets back.
 * @param folder - for the file with the outputs
 * @param outputs - further ones; `undefined` takes one away
 */
export async function deployedStack(
  bus: Bus,
  behaviour: Behaviour,
  folder: string,
  outputs: Readonly<Record<string, string | undefined>> = {},
): Promise<DeployedStack> {
  const insights = await fakeInsights(behaviour);
  const http = bus.baseUrls.edge.replace('ws', 'http');
  jest.replaceProperty(process, 'env', {
    ...process.env,
    AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: insights.url,
    AWS_ENDPOINT_URL_KMS: new URL('/_aws/kms', http).href,
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'key',
    AWS_SECRET_ACCESS_KEY: 'secret',
  });
  const file = path.join(folder, 'outputs.json');
  const all = {
    ...bus.inside.gateway.outputs,
    ...{ EdgeBaseUrl: bus.baseUrls.edge, EdgeHttpUrl: http },
    LogGroups: JSON.stringify(logGroups),
    ...outputs,
  };
  writeFileSync(file, JSON.stringify({ Bus: all }));
  return { insights, at: ['--context', 'Bus', '--outputs', file] };
}

/** What the functions of the bus have logged. */
export function logOf(bus: Bus): readonly string[] {
  return bus.inside.log.flatMap(({ text, stream }) => (stream === 'stdout' ? text.split('\n') : []));
}

/** Searches the lines of the bus. */
export function linesOf(bus: Bus): Behaviour {
  return {
    results: (query) => ({
      status: 'Complete',
      lines: logOf(bus).filter((line) => matches(query, line)),
    }),
  };
}
