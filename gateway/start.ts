/**
 * Starts the gateway: template, port, tables, functions, API. When a step fails, everything that was started is
 * stopped.
 */
import type { ApiRuntime } from './sockets/api-runtime';
import { Clock } from './clock';
import { CostMeter } from './costs/meter';
import { type MeteredTables, metered } from './costs/dynamo-proxy';
import { costReport } from './costs/report';
import { Edge } from './sockets/edge';
import type { ApiFacts } from './events/request-context';
import { EventBus } from './eventbridge/events';
import { startRules } from './eventbridge/rules';
import { EventFaults } from './faults/event-faults';
import { serveFaults } from './faults/faults-page';
import { FaultPlan } from './faults/fault-plan';
import type { FaultProxy } from './faults/proxy';
import { publicHostsOf } from './functions/environment';
import { Functions } from './functions/functions';
import { Handshakes } from './sockets/handshake';
import { endpointsAt, lambdaPrefix } from './http/endpoints';
import { connectableHost, type HttpRoutes, type HttpServer, readyPath } from './http/http-server';
import { refuseUpgrade } from './http/http-reply';
import { openPorts, type Ports } from './http/tls-front';
import { hasHttpRoute, type HttpApiRuntime, serveHttpApi } from './http-api/serve';
import { serveKms } from './kms/kms-api';
import { serveLambda } from './http/lambda-api';
import { manageConnection } from './http/management-api';
import type { Metrics } from './metrics/metrics';
import { Observation } from './metrics/observation';
import type { Gateway, GatewayOptions, Logger, RunningSchedule } from './options';
import { Permissions } from './http/permissions';
import { limits } from './platform';
import { loadOrCreateKey, numberedKeyFile } from './kms/private-key';
import { Queue } from './queues/queues';
import { sqsPages } from './queues/sqs-api';
import { StoredQueues } from './queues/stored-queue';
import { RateLimiter } from './rate-limiter';
import { startSchedules } from './schedules/schedules';
import { serveSchedules } from './schedules/schedules-page';
import { startTables } from './tables/tables';
import { readTemplate } from './template/read-template';
import type { AppModel } from './template/model';
import { admit } from './sockets/upgrade';
import { Connections } from './sockets/connections';
import { defaultBehaviour } from './unverified-behaviour';

/**
 * Runs a synthesized stack on this machine.
 *
 * @example
 * const gateway = await startGateway({ assembly: 'cdk.out', keyFile: '.local/key.pem', port: 8080 });
 * console.log(gateway.urls.base);
 * await gateway.stop();
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { host = '127.0.0.1', port = 0 } = options;
  const model = readTemplate(options.assembly, options.stack);
  const edge = model.edge && new Edge(model.edge);
  const keys = new Map(
    model.signingKeys.map((key) => [key, loadOrCreateKey(numberedKeyFile(options.keyFile, key.number))]),
  );
  const faultPlan = options.faultPlan && new FaultPlan(options.faultPlan);
  const http = await openPorts(host, port, options.tls);
  const clock = new Clock();
  const costs = new CostMeter(clock);
  const tables = await tablesOf(model, options, costs).catch(async (error: unknown) => {
    await http.stop();
    throw error;
  });
  const authority = `${connectableHost(host)}:${http.port}`;
  const targets = { dynamodb: tables.meteredEndpoint, gateway: `http://${authority}`, lambdaPrefix };
  const backends = {
    dynamodb: tables.meteredEndpoint,
    faultPlan,
    proxy: await faultPlan?.startProxy(targets, () => clock.now()),
  };
  const observation = new Observation(clock, model, options.log);
  const { log, metrics } = observation;
  const stored = new StoredQueues(model.storedQueues, clock, metrics, costs);
  const parts = assemble(model, authority, backends, { ...options, log }, clock, { costs, metrics, stored });
  observation.dispatch = (name, payload) => parts.runtime.functions.dispatch(name, payload);
  const schedules = startSchedules(model.schedules, parts.runtime.functions, clock, log);
  const { functions } = parts.runtime;
  const queues = model.queues.map((queue) => new Queue(queue, functions, clock, stored, costs, log));
  const eventBus = new EventBus(clock, costs, startRules(model.rules, functions, queues, log));
  const publicAuthority = `${connectableHost(host)}:${http.publicPort}`;
  const gateway = describe(model, http, publicAuthority, tables, parts, schedules);
  http.serve({
    ...routesOf(parts, edge, options),
    readyPage: readyPageOf(model, gateway),
    costs: gateway.costs,
    pages: new Map([...observation.pages, ...sqsPages([...queues, ...stored.all]), ...eventBus.pages]),
    onKms: (request, response) => serveKms(request, response, keys, clock),
    onFaults: (request, response) => serveFaults(request, response, faultPlan),
    onSchedules: (request, response, path) => serveSchedules(request, response, path, schedules),
    onPage: options.site ?? (() => false),
  });
  return gateway;
}

function readyPageOf({ stackName: stack, api, outputs }: AppModel, { urls }: Gateway): object {
  const versions = { gateway: 1, node: process.versions.node };
  return { status: 'ready', versions, stack, stage: api.stage, urls, outputs };
}

async function tablesOf(
  model: AppModel,
  { dynamodbEndpoint: endpoint, dataDirectory }: GatewayOptions,
  costs: CostMeter,
): Promise<MeteredTables> {
  return metered(await startTables(model.tables, { endpoint, dataDirectory }), costs);
}

/**
 * Real time for running functions to return before the clock advances; otherwise they would exceed their integration
 * timeout.
 */
const returnGraceMs = 250;

interface Parts {
  metrics: Metrics;
  authority: string;
  runtime: ApiRuntime;
  httpApi: HttpApiRuntime | undefined;
  connections: Connections;
  permissions: Permissions;
  handshakes: Handshakes;
  faultPlan: FaultPlan | undefined;
  proxy: FaultProxy | undefined;
}

/** The endpoints that functions use as AWS: the table engine and this gateway, or the fault proxy in front of both. */
interface Backends {
  dynamodb: string;
  faultPlan: FaultPlan | undefined;
  proxy: FaultProxy | undefined;
}

function assemble(
  model: AppModel,
  authority: string,
  { dynamodb, faultPlan, proxy }: Backends,
  options: GatewayOptions & { log: Logger },
  clock: Clock,
  { costs, metrics, stored }: { costs: CostMeter; metrics: Metrics; stored: StoredQueues },
): Parts {
  const { id: apiId, stage, stageVariables } = model.api;
  const facts: ApiFacts = { apiId, stage, stageVariables, domainName: authority };
  const seen = proxy?.authority ?? authority;
  const endpoints = {
    authority: seen,
    dynamodb: proxy === undefined ? dynamodb : `http://${proxy.authority}`,
    ...endpointsAt(authority, seen),
  };
  const functions = new Functions(
    model.functions,
    publicHostsOf(model),
    endpoints,
    clock,
    options.log,
    {
      concurrency: options.concurrency ?? Infinity,
      threads: options.threadsPerFunction ?? limits.workersPerFunction,
      reuseThreads: options.coldStarts !== 'always',
    },
    costs,
    metrics,
    stored,
    faultPlan,
  );
  const unverified = { ...defaultBehaviour, ...options.unverified };
  const faults = new EventFaults(options.faults);
  const runtime = { model: model.api, facts, functions, clock, faults, unverified, costs };
  const connections = new Connections(runtime);
  const permissions = new Permissions(model.functions, facts, options.checkPermissions ?? true);
  const handshakes = new Handshakes(runtime, connections);
  const httpApi = model.httpApi && { model: model.httpApi, domainName: authority, functions, clock, costs };
  return { metrics, authority, runtime, httpApi, connections, permissions, handshakes, faultPlan, proxy };
}

function routesOf(
  { runtime, httpApi, connections, permissions, handshakes }: Parts,
  edge: Edge | undefined,
  options: GatewayOptions,
): Omit<HttpRoutes, 'readyPage' | 'costs' | 'pages' | 'onKms' | 'onFaults' | 'onSchedules' | 'onPage'> {
  const { facts, functions, clock, unverified, costs } = runtime;
  const { connectionsPerSecond, callbacksPerSecond, callbackBurst } = { ...limits, ...options };
  const handshakeLimiter = new RateLimiter(connectionsPerSecond, clock);
  const limiter = new RateLimiter(callbacksPerSecond, clock, callbackBurst);
  const isSeeded = options.isSeeded ?? (() => false);
  const management = { connections, limiter, permissions, unverified, costs, isSeeded };
  return {
    stage: facts.stage,
    onUpgrade: async (incoming, socket, head) => {
      const admission = await admit(incoming, facts, edge, clock.now(), unverified.unknownPathStatus);
      if (admission.kind === 'refused') {
        refuseUpgrade(socket, admission.status, admission.body, admission.headers);
      } else if (!handshakeLimiter.take()) {
        refuseUpgrade(socket, 429);
      } else {
        costs.handshake(admission.request.viaEdge);
        await handshakes.run(admission.request, { incoming, socket, head });
      }
    },
    hasHttpRoute: (method, path) => hasHttpRoute(httpApi, method, path),
    onHttp: async (request, response) => {
      if (httpApi !== undefined) await serveHttpApi(httpApi, request, response);
    },
    onConnection: (request, response, id) => manageConnection(request, response, id, management),
    onLambda: (request, response, path) => serveLambda(request, response, path, functions),
  };
}

/** @param place such as `s://localhost:8787`, behind the first letters of the scheme */
function urlsOf(model: AppModel, place: string): Gateway['urls'] {
  return {
    base: `ws${place}`,
    // The public base path of the edge; the Function of the distribution maps the paths below it to the stage.
    ...(model.edge !== undefined && { edge: `ws${place}/v1` }),
    // The API and the edge have the same paths.
    ...(model.httpApi !== undefined && { http: `http${place}/v1` }),
    ready: `http${place}${readyPath}`,
  };
}

function describe(
  model: AppModel,
  http: Ports,
  publicAuthority: string,
  tables: MeteredTables,
  parts: Parts,
  schedules: RunningSchedule[],
): Gateway {
  const { authority, connections, runtime, faultPlan, metrics } = parts;
  const { clock, faults, functions } = runtime;
  let stopping: Promise<void> | undefined;
  return {
    port: http.publicPort,
    urls: urlsOf(model, `${http.secure}://${publicAuthority}`),
    outputs: model.outputs,
    endpoints: {
      dynamodb: tables.endpoint,
      callback: `http://${authority}/${model.api.stage}`,
      ...endpointsAt(authority),
    },
    tables: Object.fromEntries(model.tables.map(({ logicalId, name }) => [logicalId, name])),
    clock: {
      now: () => clock.now(),
      advance: async (ms) => {
        await functions.untilIdle(returnGraceMs);
        await clock.advance(ms);
      },
    },
    faults: faults.faults,
    faultPlan: faultPlan,
    connections: () =>
      connections.list().map(({ facts, lastActiveAt, viaEdge, hasVanished }) => ({
        connectionId: facts.connectionId,
        connectedAt: facts.connectedAt,
        lastActiveAt,
        viaEdge,
        vanished: hasVanished,
        ...(facts.authorizer !== undefined && { authorizer: facts.authorizer }),
      })),
    running: () => functions.running,
    costs: () => costReport(runtime.costs.read()),
    metrics: () => metrics.read(),
    schedules,
    stop: () => (stopping ??= stopAll(http, tables, parts)),
  };
}

/** Functions first, so that no `$disconnect` starts because the gateway stops. */
async function stopAll(
  http: HttpServer,
  tables: MeteredTables,
  { runtime, connections, handshakes, faultPlan, proxy }: Parts,
): Promise<void> {
  runtime.clock.stop();
  faultPlan?.stop();
  const functionsStopped = runtime.functions.stop();
  handshakes.stop();
  connections.terminate();
  await Promise.all([functionsStopped, http.stop()]);
  await proxy?.stop();
  await tables.stop();
}
