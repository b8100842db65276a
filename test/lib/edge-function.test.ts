/** The path function as CloudFront runs it: its own source, in a context of its own. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createContext, runInContext } from 'node:vm';
import { parse } from 'acorn';

const source = readFileSync(path.join(__dirname, '../../lib/edge/edge-function.js'), 'utf8');

interface Field {
  value: string;
  multiValue?: { value: string }[];
}
type Query = Record<string, Field>;
interface Answer {
  uri?: string;
  querystring?: Query;
  headers?: Query;
  statusCode?: number;
}

/** A viewer who would like to be somebody else. */
const forged = { 'artcafe-viewer-address': { value: '198.51.100.1' } };

function run(uri: string, querystring: Query = { token: { value: 't' } }): Answer {
  const context = createContext({
    event: JSON.stringify({
      viewer: { ip: '203.0.113.7' },
      request: { method: 'GET', uri, querystring, headers: forged },
    }),
  });
  return JSON.parse(
    runInContext(`${source}; JSON.stringify(handler(JSON.parse(event)))`, context) as string,
  ) as Answer;
}

const valuesOf = ({ querystring = {} }: Answer) =>
  Object.fromEntries(Object.entries(querystring).map(([name, { value }]) => [name, value]));

test('is ECMAScript 5.1 and within the size that CloudFront takes', () => {
  expect(() => parse(source, { ecmaVersion: 5 })).not.toThrow();
  expect(Buffer.byteLength(source)).toBeLessThan(10_240);
});

test.each(['/v1/ws', '/v1/ws/'])('%s is the stage, with the query as it came', (uri) => {
  const query = {
    token: { value: 'a%2Eb' },
    channel_id: { value: 'x', multiValue: [{ value: 'x' }, { value: 'y' }] },
  };
  expect(run(uri, query)).toMatchObject({ uri: '/ws', querystring: query });
});

test('says where the viewer is, whatever the viewer says', () => {
  expect(run('/v1/ws').headers).toEqual({ 'artcafe-viewer-address': { value: '203.0.113.7' } });
});

test.each(['/v1/ws/tenant/acme/agent/a1/channel/lobby', '/v1/ws/tenant/acme/agent/a1/channel/lobby/'])(
  '%s puts the path into the query',
  (uri) => {
    const answer = run(uri);
    expect(answer.uri).toBe('/ws');
    expect(valuesOf(answer)).toEqual({ token: 't', tenant_id: 'acme', agent_id: 'a1', channel_id: 'lobby' });
  },
);

test('the path replaces every value of the query with the same name, however the name is spelled', () => {
  const answer = run('/v1/ws/tenant/acme/agent/a1/channel/lobby', {
    token: { value: 't' },
    tenant_id: { value: 'evil', multiValue: [{ value: 'evil' }, { value: 'worse' }] },
    'agent%5Fid': { value: 'evil' },
    '%63hannel_id': { value: 'evil' },
    '%zz': { value: 'kept' },
  });
  expect(answer.querystring).toEqual({
    token: { value: 't' },
    '%zz': { value: 'kept' },
    tenant_id: { value: 'acme' },
    agent_id: { value: 'a1' },
    channel_id: { value: 'lobby' },
  });
});

test.each([
  ['a%2Fb', 'a%2Fb', 'stays encoded'],
  ['auth0%7C7f', 'auth0%7C7f', 'stays encoded'],
  ['a+b', 'a%2Bb', 'is no blank'],
  ['a&token=x', 'a%26token%3Dx', 'starts no other parameter'],
  ['a;b', 'a%3Bb', 'starts no other parameter'],
  ['me@example.com', 'me%40example.com', 'means the same'],
  ['%E2%82%AC', '%E2%82%AC', 'stays encoded'],
  ['a.b_c-d~e', 'a.b_c-d~e', 'needs no encoding'],
])('the segment %s becomes %s: it %s', (segment, value) => {
  const answer = run(`/v1/ws/tenant/acme/agent/${segment}/channel/lobby`);
  expect(valuesOf(answer)).toEqual({ token: 't', tenant_id: 'acme', agent_id: value, channel_id: 'lobby' });
  expect(new URLSearchParams(`v=${value}`).get('v')).toBe(decodeURIComponent(segment));
});

test.each([
  '/',
  '/ws',
  '/v1',
  '/v1/',
  '/v1/ws//',
  '//v1/ws',
  '/v2/ws',
  '/v1/wss',
  '/v1/ws/tenant/acme',
  '/v1/ws/tenant//agent/a1/channel/lobby',
  '/v1/ws/tenant/acme/agent//channel/lobby',
  '/v1/ws/tenant/acme/agent/a1/channel/',
  '/v1/ws/tenant/acme/agent/a1/channel//',
  '/v1/ws/agent/a1/tenant/acme/channel/lobby',
  '/v1/ws/tenant/acme/agent/a1/channel/lobby/more',
])('%s is answered with 403 at the edge', (uri) => {
  expect(run(uri)).toEqual({ statusCode: 403, statusDescription: 'Forbidden' });
});
