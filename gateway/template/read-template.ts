/**
 * Reads a synthesized cloud assembly into the model that the gateway runs. The template is untrusted input and is
 * validated here.
 */
import { GatewayError } from '../gateway-error';
import { objectOr } from '../json';
import { readAssembly } from './assembly';
import { readAttribute } from './attributes';
import { readFunctions } from './functions';
import { readHttpApi } from './apis/http-api';
import { readMetricFilters, readSubscriptions } from './metric-filters';
import type { AppModel } from './model';
import { readQueues, readStoredQueues } from './queues';
import { readRules } from './rules';
import { Resolver } from './resolver';
import { readEdge, readSchedules, readSigningKeys, readTables } from './resources';
import { readWebSocketApi } from './apis/web-socket-api';

export function readTemplate(folder: string, stack: string | undefined): AppModel {
  const assembly = readAssembly(folder, stack);
  const resolver = new Resolver(assembly.template, assembly.stackName, readAttribute);
  const functions = readFunctions(resolver, assembly);
  const queues = readQueues(resolver, functions);
  return {
    stackName: assembly.stackName,
    api: readWebSocketApi(resolver, functions),
    httpApi: readHttpApi(resolver, functions),
    functions: functions.functions,
    tables: readTables(resolver),
    signingKeys: readSigningKeys(resolver),
    schedules: readSchedules(resolver, functions),
    metricFilters: readMetricFilters(resolver, functions),
    logSubscriptions: readSubscriptions(resolver, functions),
    queues,
    storedQueues: readStoredQueues(resolver, queues),
    rules: readRules(resolver, functions, queues),
    edge: readEdge(resolver),
    outputs: readOutputs(assembly.template, resolver),
  };
}

/** Outputs of resources that the gateway ignores are left out. */
function readOutputs(template: Record<string, unknown>, resolver: Resolver): Record<string, string> {
  const outputs: Record<string, string> = {};
  for (const [name, output] of Object.entries(objectOr(template.Outputs))) {
    try {
      outputs[name] = resolver.text(objectOr(output).Value, { logicalId: 'Outputs', property: name });
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
    }
  }
  return outputs;
}
