/** The outputs of a deployment: from the file that `artcafe deploy` writes, else from CloudFormation. */
import path from 'node:path';
import { UsageError } from '../usage-error';
import { outputsFromFile, outputsIn, readOutputsFile, type Outputs } from './outputs-file';

/** Of `artcafe deploy`, in the folder in which it runs. */
export const usualFile = 'cdk-outputs.json';

export interface DeploymentQuery {
  readonly stack: string;
  /** Of the file's relative name. */
  readonly directory: string;
  /** Absent = the usual file, else CloudFormation. */
  readonly file?: string | undefined;
  /** The construct, in a stack that is not the bus's own. */
  readonly bus?: string | undefined;
}

/**
 * Names as in docs/settings.md, without the id of the construct.
 * @throws UsageError when the stack or the bus is not there
 */
export async function readOutputs(query: DeploymentQuery): Promise<Outputs> {
  const { stack, directory, file, bus } = query;
  const found =
    file === undefined
      ? await fromAnywhere(stack, path.join(directory, usualFile))
      : outputsFromFile(stack, path.resolve(directory, file));
  return withoutPrefix(found, stack, bus);
}

async function fromAnywhere(stack: string, file: string): Promise<Outputs> {
  const found = outputsIn(readOutputsFile(file) ?? {}, stack);
  return found ?? fromCloudFormation(stack);
}

async function fromCloudFormation(stack: string): Promise<Outputs> {
  const { CloudFormationClient, DescribeStacksCommand } = await import('@aws-sdk/client-cloudformation');
  try {
    const { Stacks: stacks = [] } = await new CloudFormationClient({}).send(
      new DescribeStacksCommand({ StackName: stack }),
    );
    const outputs = stacks.flatMap(({ Outputs: each = [] }) => each);
    return Object.fromEntries(
      outputs.map(({ OutputKey, OutputValue }) => [OutputKey ?? '', OutputValue ?? '']),
    );
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new UsageError(
      `cdk-outputs.json has no stack "${stack}", and CloudFormation gives none: ${message.split('\n')[0] ?? ''}`,
      { cause: error },
    );
  }
}

/** Every deployment has this output; it shows which constructs a stack contains. */
const marker = 'TokenIssuer';

function withoutPrefix(outputs: Outputs, stack: string, bus: string | undefined): Outputs {
  const prefixes = Object.keys(outputs)
    .filter((name) => name.endsWith(marker))
    .map((name) => name.slice(0, -marker.length));
  const chosen = bus ?? (prefixes.includes('') || prefixes.length === 0 ? '' : prefixes[0]) ?? '';
  if (bus === undefined && chosen !== '' && prefixes.length > 1)
    throw new UsageError(`"${stack}" has several buses; choose one with --bus: ${prefixes.join(', ')}.`);
  if (bus !== undefined && !prefixes.includes(bus))
    throw new UsageError(`"${stack}" has no bus "${bus}", only: ${prefixes.join(', ') || 'none'}.`);
  const own = Object.entries(outputs).filter(([name]) => name.startsWith(chosen));
  return Object.fromEntries(own.map(([name, value]) => [name.slice(chosen.length), value]));
}
