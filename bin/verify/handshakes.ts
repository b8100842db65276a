/** What a handshake is answered with, at both base URLs. */
import { type Check, exactly } from './check';
import type { Target } from './target';

const agent = 'handshakes';
const authorizerAdvice = 'Look at the log of the authorizer (runbook: Every handshake 401, Handshake 403).';
const edgeAdvice = 'Check the distribution and its path Function; the edge must not cache (runbook).';

const statuses = (name: string, base: string): readonly Check[] => [
  exactly(`${name}: a token of the key in KMS`, '101', authorizerAdvice, async (target) =>
    target.statusOf(target.url({ token: await target.token(agent), channel_id: 'lobby' }, base)),
  ),
  exactly(`${name}: no token`, '401', authorizerAdvice, (target) => target.statusOf(`${base}/ws`)),
  exactly(`${name}: not a token`, '401', authorizerAdvice, (target) =>
    target.statusOf(target.url({ token: 'not-a-token' }, base)),
  ),
  exactly(`${name}: another tenant than the token's`, '403', authorizerAdvice, async (target) =>
    target.statusOf(target.url({ token: await target.token(agent), tenant_id: 'of-others' }, base)),
  ),
  exactly(`${name}: a channel that is not granted`, '403', authorizerAdvice, async (target) => {
    const token = await target.token(agent, { channels: ['mine'] });
    return target.statusOf(target.url({ token, channel_id: 'other' }, base));
  }),
];

const tokens: readonly Check[] = [
  exactly('A token that has expired', '401', authorizerAdvice, async (target) => {
    const token = await target.token(agent, { expiresInSeconds: 1 });
    await new Promise((resolve) => setTimeout(resolve, 2_100));
    return target.statusOf(target.url({ token }));
  }),
  exactly('Sub-protocol artcafe.v1', 'artcafe.v1', 'Look at the log of connect.', async (target) => {
    const client = await target.connect(agent, { level: 1 });
    return client.subProtocol;
  }),
];

const withoutEdge = (api: string): Check =>
  exactly(
    'The path form without the edge',
    '403',
    'The stage must have no other route than the three of the template.',
    async (target) => target.statusOf(target.pathUrl(api, await target.token(agent), agent, 'lobby')),
  );

const pathForm = (edge: string): readonly Check[] => [
  exactly('The path form with another tenant', '403', edgeAdvice, async (target) =>
    target.statusOf(target.pathUrl(edge, await target.token(agent), agent, 'lobby', 'of-others')),
  ),
  exactly('The path form, right after that', '101', edgeAdvice, async (target) =>
    target.statusOf(target.pathUrl(edge, await target.token(agent), agent, 'lobby')),
  ),
  exactly('The path form with an agent "a/b é"', '101', edgeAdvice, async (target) =>
    target.statusOf(target.pathUrl(edge, await target.token('a/b é'), 'a/b é', 'lobby')),
  ),
  exactly('Another path of the edge', '403', edgeAdvice, async (target) =>
    target.statusOf(`${edge}/other?token=${await target.token(agent)}`),
  ),
];

/** The default of `connectionLimit`. */
const connectionLimit = 100;

const tooMany: Check = {
  asked: `${connectionLimit + 1} connections of one agent`,
  expected: `429 for number ${connectionLimit + 1}`,
  advice: 'Compare with the setting connectionLimit; look at "refused" in the log of connect.',
  run: async (target) => {
    const url = target.url({ token: await target.token('many') });
    const clients = [];
    for (let number = 1; number <= connectionLimit; number++) clients.push(await target.open(url));
    const status = await target.statusOf(url);
    for (const client of clients) client.close();
    return { found: `${status} for number ${connectionLimit + 1}`, isGood: status === 429 };
  },
};

export function handshakeChecks({ api, edge }: Pick<Target, 'api' | 'edge'>): readonly Check[] {
  return [
    ...(api === undefined ? [] : [...statuses('API', api), withoutEdge(api)]),
    ...(edge === undefined ? [] : [...statuses('Edge', edge), ...pathForm(edge)]),
    ...tokens,
    tooMany,
  ];
}
