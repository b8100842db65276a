/** The parameters of the OpenAPI document, and what it says of itself. */
import { limits } from '../limits';

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });

const inPath = (description: string, schema: object) => ({
  name: 'id',
  in: 'path',
  required: true,
  description,
  schema,
});

const inQuery = (name: string, description: string, schema: object) => ({
  name,
  in: 'query',
  description,
  schema,
});

const limit = (maximum: number, usual = maximum) =>
  inQuery('limit', `Default: ${usual}.`, { type: 'integer', minimum: 1, maximum, default: usual });

export const parameters = {
  channel: inPath('Of the channel.', ref('ChannelName')),
  log: inPath('Of the channel, or `$inbox`: the own inbox.', ref('LogName')),
  agent: inPath(
    'Of the agent, percent-encoded; written as `~` and the base64url of its UTF-8 text when it has `/`, `?`, `#`, `%` or `\\`, begins with `~` or is dots alone.',
    {
      type: 'string',
      minLength: 1,
      pattern:
        '^(?:~[A-Za-z0-9_-]+|(?!\\.+$)[^~/?#%\\\\\\u0000-\\u001f\\u007f-\\u009f][^/?#%\\\\\\u0000-\\u001f\\u007f-\\u009f]{0,127})$',
    },
  ),
  after: inQuery('after', 'A cursor of an earlier answer: what comes behind it.', ref('Cursor')),
  before: inQuery(
    'before',
    'A cursor of an earlier answer: what comes in front of it. Not together with `after`.',
    ref('Cursor'),
  ),
  channelLimit: limit(25),
  messageLimit: limit(limits.historyMessages, limits.historyDefault),
  agentLimit: limit(limits.presenceAgents),
  status: inQuery('status', 'Agents with this status.', ref('PresenceWord')),
  capability: inQuery('capability', 'Agents with this capability.', ref('PresenceWord')),
  agentId: inQuery('agent_id', 'The agent. Not together with `all`.', ref('Id')),
  tokenId: inQuery('jti', 'One token of the agent.', ref('TokenId')),
  all: inQuery('all', 'The whole tenant.', { const: 'true' }),
} as const;

export const describe = {
  info: {
    title: 'ArtCafe PubSub over HTTP',
    version: 'v1',
    license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    description:
      'Publish, read, and manage agents. The rules are in docs/http-api.md. Lengths count UTF-16 code units.',
  },
  servers: [
    {
      url: 'https://{id}.execute-api.{region}.amazonaws.com/v1',
      description: 'API Gateway: the output HttpUrl of a deployment.',
      variables: { id: { default: 'id' }, region: { default: 'us-east-1' } },
    },
    {
      url: 'https://{domain}/v1',
      description: 'The edge: the output EdgeHttpUrl.',
      variables: { domain: { default: 'd111111abcdef8.cloudfront.net' } },
    },
    { url: 'http://127.0.0.1:8787/v1', description: 'The laptop gateway.' },
  ],
} as const;
