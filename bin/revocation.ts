/** Gives an order of the operator (revoke, block, unrevoke, kick, erase) to the function of a laptop gateway or of a deployed stack. */
import type { LambdaClientConfig } from '@aws-sdk/client-lambda';
import { UsageError } from './usage-error';

/** The function that carries out the order, and how to reach it. */
export interface Target {
  readonly functionName: string;
  readonly client: LambdaClientConfig;
}

const sentenceFor: Readonly<Record<string, string>> = {
  revoke: 'Tokens issued until then are refused.',
  block: 'All tokens are refused until artcafe unrevoke.',
  unrevoke: 'Tokens are good again.',
  kick: 'Tokens stay good.',
};

/** What the order has done, for the operator. */
export function closedSentence(action: string, closed: number): string {
  return `${sentenceFor[action] ?? action} Connections closed: ${closed}.`;
}

/** Epoch milliseconds. */
export function timeOf(text: string): number {
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw new UsageError(`"${text}" is not a time such as 2026-11-29T10:00:00Z.`);
  return at;
}

type Outputs = Readonly<Partial<Record<string, string>>>;

/** @param gateway origin of the laptop gateway, such as `http://127.0.0.1:8787` */
export function functionOfLaptop(outputs: Outputs, gateway: string): Target {
  return {
    functionName: functionIn(outputs, gateway),
    client: {
      endpoint: new URL('/_aws/lambda', gateway).href,
      region: 'us-east-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    },
  };
}

export function functionOfStack(outputs: Outputs, stack: string): Target {
  return { functionName: functionIn(outputs, stack), client: {} };
}

function functionIn(outputs: Outputs, where: string): string {
  const { RevokeFunctionName: name } = outputs;
  if (name === undefined) throw new UsageError(`${where} is of an earlier release: deploy it again.`);
  return name;
}

/** Resolves when it has been carried out, with what the function says of it. */
export async function giveOrder<Answer>(
  order: object,
  { functionName, client: config }: Target,
): Promise<Answer> {
  const { InvokeCommand, LambdaClient } = await import('@aws-sdk/client-lambda');
  // The function has two minutes; a second attempt while it runs would only do the same work twice.
  const client = new LambdaClient({ maxAttempts: 1, requestHandler: { requestTimeout: 125_000 }, ...config });
  const invoke = new InvokeCommand({ FunctionName: functionName, Payload: JSON.stringify(order) });
  const { Payload: payload, FunctionError: failed } = await client.send(invoke).catch((error: unknown) => {
    const message = error instanceof Error ? error.message : String(error);
    throw new UsageError(`The function of the deployment could not be called: ${message}`, { cause: error });
  });
  const answer = JSON.parse(payload?.transformToString() ?? '{}') as Answer & {
    readonly errorMessage?: string;
  };
  if (failed !== undefined) throw new UsageError(answer.errorMessage ?? 'The function failed.');
  return answer;
}
