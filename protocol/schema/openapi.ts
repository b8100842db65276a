/**
 * The HTTP API as one OpenAPI 3.1 document: the paths are here, the bodies come from the types of `protocol/http`.
 */
import type { HttpCode } from '../http/problem';
import { httpStatus, problem } from '../http/problem';
import { limits } from '../limits';
import type { Json, Sender } from './json-schema';
import { describe, parameters } from './openapi-parts';

/** The types of all bodies. */
export const bodyTypes: Readonly<Record<Sender, readonly string[]>> = {
  client: ['ChannelPublish', 'AgentPublish', 'RevocationRequest', 'ErasureRequest'],
  server: [
    ...['AckFrame', 'ErrorFrame', 'MessagePage', 'ChannelPage', 'AgentPage', 'AgentEntry'],
    ...['Identity', 'Started', 'Problem'],
  ],
};

interface Operation {
  readonly id: string;
  readonly summary: string;
  readonly parameters?: readonly (keyof typeof parameters)[];
  readonly body?: Json;
  /** Of the answer, and its schema where it has a body. */
  readonly status: number;
  readonly answer?: Json;
  /** Beside those of every operation. */
  readonly refusals?: readonly HttpCode[];
}

const ref = (name: string): Json => ({ $ref: `#/components/schemas/${name}` });

/** Of every operation; the last three have the header `Retry-After`. */
const usual: readonly HttpCode[] = [
  ...(['invalid_message', 'unauthorized', 'forbidden'] as const),
  ...(['rate_limited', 'internal', 'unavailable'] as const),
];

function publish(receiver: 'Channel' | 'Agent'): Omit<Operation, 'id' | 'summary' | 'parameters'> {
  const one = ref(`${receiver}Publish`);
  return {
    body: { anyOf: [one, { type: 'array', items: one, minItems: 1, maxItems: limits.batchFrames }] },
    status: 200,
    answer: {
      anyOf: [
        ref('AckFrame'),
        { type: 'array', items: { anyOf: [ref('AckFrame'), ref('ErrorFrame')] }, minItems: 1 },
      ],
    },
    refusals: [
      'payload_too_large',
      ...(receiver === 'Agent' ? (['not_found', 'no_responders'] as const) : []),
    ],
  };
}

const operations: Readonly<Record<string, Readonly<Record<string, Operation>>>> = {
  '/channels': {
    get: {
      id: 'listChannels',
      summary: 'The channels of the tenant that have messages and that the token may read, with their heads',
      parameters: ['after', 'channelLimit'],
      status: 200,
      answer: ref('ChannelPage'),
    },
  },
  '/channels/{id}/messages': {
    get: {
      id: 'readMessages',
      summary:
        'Messages of a channel, or of the own inbox: the newest, those before a cursor, or those after it',
      parameters: ['log', 'after', 'before', 'messageLimit'],
      status: 200,
      answer: ref('MessagePage'),
      refusals: ['not_found', 'not_recoverable'],
    },
    post: {
      id: 'publishToChannel',
      summary: 'Publishes one message, or up to 25 of them in their order, to a channel',
      parameters: ['channel'],
      ...publish('Channel'),
    },
  },
  '/agents': {
    get: {
      id: 'listAgents',
      summary: 'The agents of the tenant, those that are offline included',
      parameters: ['status', 'capability', 'after', 'agentLimit'],
      status: 200,
      answer: ref('AgentPage'),
    },
  },
  '/agents/{id}': {
    get: {
      id: 'readAgent',
      summary: 'One agent',
      parameters: ['agent'],
      status: 200,
      answer: ref('AgentEntry'),
      refusals: ['not_found'],
    },
  },
  '/agents/{id}/messages': {
    post: {
      id: 'publishToAgent',
      summary: 'Publishes one message, or up to 25 of them in their order, to an agent',
      parameters: ['agent'],
      ...publish('Agent'),
    },
  },
  '/agents/{id}/connections': {
    delete: {
      id: 'closeConnections',
      summary: 'Ends the connections of an agent, after the answer',
      parameters: ['agent'],
      status: 202,
      answer: ref('Started'),
      refusals: ['not_found'],
    },
  },
  '/revocations': {
    post: {
      id: 'revoke',
      summary:
        'Refuses tokens of an agent or of the tenant from now on, and ends their connections after the answer',
      body: ref('RevocationRequest'),
      status: 202,
      answer: ref('Started'),
    },
    delete: {
      id: 'takeBackRevocation',
      summary: 'Takes a revocation back: give `agent_id`, or `all=true`',
      parameters: ['agentId', 'tokenId', 'all'],
      status: 204,
    },
  },
  '/erasures': {
    post: {
      id: 'erase',
      summary: 'Erases an agent or the tenant, after the answer',
      body: ref('ErasureRequest'),
      status: 202,
      answer: ref('Started'),
    },
  },
  '/me': {
    get: { id: 'readIdentity', summary: 'What the token says', status: 200, answer: ref('Identity') },
  },
};

export function openApi(schemas: Readonly<Record<string, Json>>): Json {
  return {
    openapi: '3.1.1',
    ...describe,
    security: [{ token: [] }],
    paths: Object.fromEntries(
      Object.entries(operations).map(([path, methods]) => [
        path,
        Object.fromEntries(Object.entries(methods).map(([method, each]) => [method, operationOf(each)])),
      ]),
    ),
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      schemas: inComponents(schemas),
      responses: Object.fromEntries(statuses.map((status) => [`Problem${status}`, refusal(status)])),
    },
  };
}

function operationOf({
  id,
  summary,
  parameters: names,
  body,
  status,
  answer,
  refusals = [],
}: Operation): Json {
  const refused = new Set([...usual, ...refusals].map((code) => httpStatus[code]));
  return {
    operationId: id,
    summary,
    ...(names && { parameters: names.map((name) => parameters[name]) }),
    ...(body && { requestBody: { required: true, content: { 'application/json': { schema: body } } } }),
    responses: {
      [status]: {
        description: 'Done',
        ...(answer && { content: { 'application/json': { schema: answer } } }),
      },
      ...Object.fromEntries(
        [...refused].map((each) => [each, { $ref: `#/components/responses/Problem${each}` }]),
      ),
    },
  };
}

const statuses = [...new Set(Object.values(httpStatus))].filter(
  (status) => status !== httpStatus.method_not_allowed,
);

function refusal(status: number): Json {
  const all = Object.keys(httpStatus) as HttpCode[];
  const titles = all.flatMap((code) => (httpStatus[code] === status ? [problem({ code }).title] : []));
  const headers = {
    ...(status === 401 && { 'WWW-Authenticate': { schema: { const: 'Bearer' }, required: true } }),
    ...([429, 500, 503].includes(status) && {
      'Retry-After': { description: 'Seconds.', schema: { type: 'integer', minimum: 1 }, required: true },
    }),
  };
  return {
    description: titles.join('; '),
    ...(Object.keys(headers).length > 0 && { headers }),
    content: { 'application/problem+json': { schema: ref('Problem') } },
  };
}

/**
 * Half a surrogate pair has no place in the UTF-8 of a body, and the expressions of many languages can't name one. It is left out
 * here: a text that hides one behind an escape is refused all the same.
 */
const surrogates = String.raw`\\ud800-\\udfff`;

function inComponents(definitions: Readonly<Record<string, Json>>): Json {
  const text = JSON.stringify(definitions)
    .replaceAll('"#/definitions/', '"#/components/schemas/')
    .replaceAll(surrogates, '');
  return JSON.parse(text) as Json;
}
