/**
 * The environment variables of a function: the template's, with the public origins of the APIs and of the edge replaced by the local one,
 * and what Lambda adds, except the session token: each thread has its own. Functions do not get the variables of the user's shell.
 */
import type { ServiceEndpoints } from '../http/endpoints';
import { credentials, region, urlSuffix } from '../platform';
import type { AppModel, FunctionModel } from '../template/model';

export interface LocalEndpoints extends ServiceEndpoints {
  /** `host:port` of the gateway. */
  authority: string;
  dynamodb: string;
}

/** For which this gateway stands. */
export function publicHostsOf({ api, httpApi, edge }: Pick<AppModel, 'api' | 'httpApi' | 'edge'>): string[] {
  const ids = [api.id, ...(httpApi === undefined ? [] : [httpApi.id])];
  const domains = edge?.domainName === undefined ? [] : [edge.domainName];
  return [...ids.map((id) => `${id}.execute-api.${region}.${urlSuffix}`), ...domains];
}

export function environmentOf(
  model: FunctionModel,
  publicHosts: readonly string[],
  local: LocalEndpoints,
): Record<string, string> {
  const hosts = publicHosts.map((host) => host.replaceAll('.', '\\.')).join('|');
  const origin = new RegExp(`(https|wss)://(?:${hosts})`, 'g');
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
    AWS_ENDPOINT_URL_DYNAMODB: local.dynamodb,
    AWS_ENDPOINT_URL_LAMBDA: local.lambda,
    AWS_ENDPOINT_URL_KMS: local.kms,
    AWS_ENDPOINT_URL_EVENTBRIDGE: local.eventBridge,
    AWS_ENDPOINT_URL_SQS: local.sqs,
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    TZ: 'UTC',
  };
}
