/**
 * Measures the load time of the bundles: each in a new process with the variables of the template, minus the time of
 * an empty file. The rest of a cold start is the same for every function.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { synthesize } from '../../bin/synthesis/synthesize';
import { canPin } from '../child';
import { type Figure, figureOf } from '../stats';

export interface InitResult {
  readonly node: string;
  /** `authorizer`, `default`, … */
  readonly function: string;
  readonly kilobytes: number;
  /** More than an empty function. */
  readonly ms: Figure;
  /** The same as processor time, which depends less on other load. */
  readonly cpuMs: Figure;
}

export interface Bundle {
  readonly name: string;
  readonly file: string;
  readonly variables: Record<string, string>;
}

interface FunctionResource {
  readonly Type: string;
  readonly Properties: {
    readonly Code?: { readonly S3Key?: string | { readonly 'Fn::Sub': string } };
    readonly Environment?: { readonly Variables?: Readonly<Record<string, unknown>> };
    readonly Handler?: string;
  };
}

const measure =
  'const begin=process.hrtime.bigint(),cpu=process.cpuUsage();require(process.argv[1]);' +
  'const {user,system}=process.cpuUsage(cpu);' +
  'process.stdout.write(JSON.stringify([Number(process.hrtime.bigint()-begin)/1e6,(user+system)/1e3]));process.exit()';

/** Milliseconds of real time and of processor time. */
type Loading = readonly [number, number];

/** `nodes`: executables. */
export async function runInit(
  repetitions: number,
  nodes: readonly string[],
  report: (text: string) => void,
): Promise<InitResult[]> {
  if (repetitions === 0) return [];
  const folder = mkdtempSync(path.join(tmpdir(), 'artcafe-init-'));
  try {
    await synthesize(folder, undefined);
    const empty = { name: 'empty', file: path.join(folder, 'empty.js'), variables: {} };
    writeFileSync(empty.file, '');
    const bundles = bundlesIn(folder);
    const results: InitResult[] = [];
    for (const node of nodes) {
      const version = execFileSync(node, ['-p', 'process.versions.node']).toString().trim();
      report(`init on Node ${version}`);
      const times = new Map<Bundle, Loading[]>(bundles.map((bundle) => [bundle, []]));
      const empties: Loading[] = [];
      for (let repetition = 0; repetition < repetitions; repetition++) {
        empties.push(load(node, empty));
        for (const [bundle, values] of times) values.push(load(node, bundle));
      }
      const above = (values: readonly Loading[], index: 0 | 1): Figure => {
        const base = figureOf(empties.map((loading) => loading[index])).median;
        return figureOf(values.map((loading) => loading[index] - base));
      };
      for (const [{ name, file }, values] of times) {
        const kilobytes = Math.round(statSync(file).size / 1_024);
        results.push({
          node: version,
          function: name,
          kilobytes,
          ms: above(values, 0),
          cpuMs: above(values, 1),
        });
      }
    }
    return results;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function load(node: string, { file, variables }: Bundle): Loading {
  const env = {
    PATH: process.env.PATH,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'bench',
    AWS_SECRET_ACCESS_KEY: 'bench',
    AWS_SESSION_TOKEN: 'bench',
    AWS_LAMBDA_FUNCTION_NAME: 'bench',
    ...variables,
  };
  const [command = '', ...args] = canPin ? ['taskset', '-c', '0', node] : [node];
  return JSON.parse(execFileSync(command, [...args, '-e', measure, file], { env }).toString()) as Loading;
}

/** The functions of an assembly, with what their variables are as far as the template says. */
export function bundlesIn(folder: string): Bundle[] {
  const template = path.join(folder, 'ArtCafePubSub.template.json');
  const { Resources } = JSON.parse(readFileSync(template, 'utf8')) as {
    Resources: Readonly<Record<string, FunctionResource>>;
  };
  const bundles: Bundle[] = [];
  for (const [logicalId, { Type, Properties }] of Object.entries(Resources)) {
    const name = /^Functions(\w+?)Function/.exec(logicalId)?.[1];
    if (Type !== 'AWS::Lambda::Function' || name === undefined) continue;
    const key = Properties.Code?.S3Key;
    const asset = (typeof key === 'string' ? key : (key?.['Fn::Sub'] ?? '')).split('.')[0] ?? '';
    const variables = Object.fromEntries(
      Object.entries(Properties.Environment?.Variables ?? {}).map(([variable, value]) => [
        variable,
        typeof value === 'string' ? value : stand(variable),
      ]),
    );
    bundles.push({
      name: name.toLowerCase(),
      file: path.join(folder, `asset.${asset}`, 'index.js'),
      variables,
    });
  }
  return bundles.sort((a, b) => a.name.localeCompare(b.name));
}

/** For values that only a deployment has. */
function stand(variable: string): string {
  if (variable.endsWith('_URL')) return 'https://abcdefghij.execute-api.us-east-1.amazonaws.com/ws';
  if (variable.endsWith('_ARN'))
    return 'arn:aws:kms:us-east-1:111122223333:key/11111111-2222-3333-4444-555555555555';
  return 'bench';
}
