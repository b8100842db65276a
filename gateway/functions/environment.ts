/**
 * The environment variables of a function: the template's, with the API's public origin replaced by the local one,
 * and what Lambda adds. Functions do not get the variables of the user's shell.
 */
import { sessionTokenOf } from '../http/permissions';
import { credentials, region, urlSuffix } from '../platform';
import type { FunctionModel } from '../template/model';

export interface LocalEndpoints {
  /** `host:port` of the gateway. */
  authority: string;
  dynamodb: string;
  lambda: string;
  kms: string;
}

export function environmentOf(
  model: FunctionModel,
  apiId: string,
  local: LocalEndpoints,
): Record<string, string> {
  const origin = new RegExp(
    `(https|wss)://${apiId}\\.execute-api\\.${region}\\.${urlSuffix.replace('.', '\\.')}`,
    'g',
  );
  const own = Object.entries(model.environment).map(([name, value]) => [
    name,
    value.replace(origin, (_, scheme: string) => `${scheme === 'wss' ? 'ws' : 'http'}://${local.authority}`),
  ]);
  return {
    ...(Object.fromEntries(own) as Record<string, string>),
    AWS_REGION: region,
    AWS_LAMBDA_FUNCTION_NAME: model.name,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(model.memoryMb),
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: sessionTokenOf(model.name),
    AWS_ENDPOINT_URL_DYNAMODB: local.dynamodb,
    AWS_ENDPOINT_URL_LAMBDA: local.lambda,
    AWS_ENDPOINT_URL_KMS: local.kms,
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    TZ: 'UTC',
  };
}
