/**
 * Writes a Serverless service that runs the synthesized bundles: the same code, variables and routes as the template's,
 * with the addresses of the emulator.
 */
import { cpSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { environmentOf, type LocalEndpoints, publicHostsOf } from '../../gateway/functions/environment';
import { readTemplate } from '../../gateway/template/read-template';

/** The emulator counts the loading of a function as part of its timeout; AWS gives it ten seconds apart. */
const loadingSeconds = 10;

export interface Ports {
  http: number;
  webSocket: number;
  lambda: number;
}

export function writeService(folder: string, assembly: string, ports: Ports, local: LocalEndpoints): void {
  const { api, functions } = readTemplate(assembly, undefined);
  // Without the HTTP API, which the emulator does not have at that address.
  const hosts = publicHostsOf({ api, httpApi: undefined, edge: undefined });
  const keys = new Map([...functions.keys()].map((name, index) => [name, `f${index}`]));
  const keyOf = (name: string): string => keys.get(name) ?? '';
  const routes = [...api.routes.values()];
  const entries = [...functions.values()].map((model) => {
    cpSync(model.directory, path.join(folder, keyOf(model.name)), { recursive: true });
    const environment = environmentOf(model, hosts, { ...local, authority: `127.0.0.1:${ports.webSocket}` });
    const events = routes
      .filter(({ integration }) => integration?.functionName === model.name)
      .map(({ key, authorizer, repliesToCaller }) => ({
        websocket: {
          route: key,
          ...(authorizer !== undefined && {
            authorizer: {
              name: keyOf(authorizer.functionName),
              identitySource: authorizer.identitySources.map(
                ({ from, name }) => `route.request.${from}.${name}`,
              ),
            },
          }),
          ...(repliesToCaller && { routeResponseSelectionExpression: '$default' }),
        },
      }));
    const settings = {
      handler: `${keyOf(model.name)}/${model.module}.${model.exportName}`,
      timeout: model.timeoutMs / 1_000 + loadingSeconds,
      memorySize: model.memoryMb,
      environment: withoutStage(environment, api.stage),
      events,
    };
    return [keyOf(model.name), settings];
  });
  const service = {
    service: 'artcafe-pubsub',
    provider: {
      name: 'aws',
      runtime: 'nodejs20.x',
      stage: api.stage,
      websocketsApiRouteSelectionExpression: api.routeSelectionExpression,
    },
    plugins: ['serverless-offline'],
    functions: Object.fromEntries(entries) as Record<string, object>,
    custom: {
      'serverless-offline': {
        host: '127.0.0.1',
        httpPort: ports.http,
        websocketPort: ports.webSocket,
        lambdaPort: ports.lambda,
        noPrependStageInUrl: true,
        // The time after which an idle function is ended, in seconds; the suite is shorter.
        terminateIdleLambdaTime: 3_600,
      },
    },
  };
  writeFileSync(path.join(folder, 'serverless.json'), JSON.stringify(service, undefined, 2));
}

/** The emulator has `@connections` at the root, where AWS has the stage. */
function withoutStage(environment: Record<string, string>, stage: string): Record<string, string> {
  const entries = Object.entries(environment).map(([name, value]) => [
    name,
    value.replace(new RegExp(`^(http://127\\.0\\.0\\.1:\\d+)/${stage}$`), '$1'),
  ]);
  return Object.fromEntries(entries) as Record<string, string>;
}
