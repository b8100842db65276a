/** The token command: one JWT on stdout and nothing else, or one sentence on stderr. */
import { createPublicKey, generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { loadOrCreateKey } from '../../gateway/index';
import { thumbprint } from '../../tokens/thumbprint';
import { runCommand } from './run-command';

const directory = mkdtempSync(path.join(tmpdir(), 'artcafe-token-'));
const file = (name: string, content: object): string => {
  const named = path.join(directory, name);
  writeFileSync(named, JSON.stringify(content));
  return named;
};
const keyArn = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const plain = file('plain.json', {});
const oidc = file('oidc.json', { token: { issuer: 'https://login.example.com', audience: 'bus' } });
const list = file('list.json', { Bus: 'url' });
const outputs = file('outputs.json', {
  Bus: { TokenIssuer: 'urn:bus', TokenAudience: 'aud', TokenKeyArn: keyArn },
  Login: { TokenIssuer: 'https://login.example.com', TokenAudience: 'bus' },
});
const caller = ['--tenant', 'acme', '--agent', 'a1'];
const token = (...args: string[]) => runCommand('token.ts', ['--config', plain, ...args]);

afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

function read(jwt: string, publicKey: KeyObject) {
  const [header = '', payload = '', signature = ''] = jwt.trimEnd().split('.');
  const valid = verify(
    'sha256',
    Buffer.from(`${header}.${payload}`),
    { key: publicKey, dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  );
  const [{ kid }, claims] = [header, payload].map(
    (part) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as Record<string, unknown>,
  ) as [Record<string, unknown>, Record<string, unknown>];
  return { valid, kid, claims };
}

test("prints just a token, signed by the checkout's key, for an hour", async () => {
  const { code, stdout, stderr } = await token(...caller, '--channels', 'orders,news.*');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
  const publicKey = createPublicKey(loadOrCreateKey(path.join(__dirname, '../../.local/token-key.pem')));
  const { valid, kid, claims } = read(stdout, publicKey);
  expect(valid).toBe(true);
  expect(kid).toBe(thumbprint(publicKey));
  expect(claims).toMatchObject({
    iss: 'urn:artcafe:pubsub:artcafe',
    aud: 'artcafe-pubsub',
    tenant_id: 'acme',
    agent_id: 'a1',
    channels: ['orders', 'news.*'],
  });
  expect(Number(claims.exp) - Number(claims.iat)).toBe(3_600);
});

test.each([
  ['no agent', ['--tenant', 'acme'], 'A token needs --tenant and --agent; see --help.'],
  ['a long life', [...caller, '--expires-in', '2y'], /^The lifetime "2y" must be like /],
  ['no channels', [...caller, '--channels', ''], 'The list of channels is empty.'],
  ['an unknown option', [...caller, '--colour', 'x'], "Unknown option '--colour'. Try --help."],
  ['an unknown role', [...caller, '--role', 'x'], 'The role "x" must be one of observer, service.'],
  [
    'no such file',
    [...caller, '--config', 'nowhere.json'],
    /^There is no settings file .*nowhere\.json\.\n$/,
  ],
  [
    'an OIDC issuer',
    [...caller, '--config', oidc],
    'Tokens come from https://login.example.com: ask that issuer for one.',
  ],
  [
    'no outputs',
    [...caller, '--stack', 'Bus', '--outputs', 'none.json'],
    'There is no none.json; a deployment writes it.',
  ],
  [
    'wrong outputs',
    [...caller, '--stack', 'Bus', '--outputs', list],
    'list.json does not contain the outputs of stacks.',
  ],
  [
    'another stack',
    [...caller, '--stack', 'Bust', '--outputs', outputs],
    'outputs.json has no stack "Bust", only: Bus, Login.',
  ],
  [
    'a stack with an issuer',
    [...caller, '--stack', 'Login', '--outputs', outputs],
    /^Tokens come from https:/,
  ],
])('%s is one sentence on stderr', async (_case, args, expected) => {
  const { code, stdout, stderr } = await token(...args);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(expected);
  expect(stderr.trimEnd()).not.toContain('\n');
});

describe('for a deployed stack', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  let kms: Server;
  let environment: Record<string, string>;
  let refuses: boolean;

  beforeAll(async () => {
    kms = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const answer = refuses
          ? { __type: 'AccessDeniedException', message: 'not you' }
          : {
              PublicKey: publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
              Signature: signature,
            };
        response.writeHead(refuses ? 400 : 200, { 'content-type': 'application/x-amz-json-1.1' });
        response.end(JSON.stringify(answer));
      });
    });
    await new Promise<void>((resolve) => kms.listen(0, '127.0.0.1', resolve));
    environment = {
      AWS_ENDPOINT_URL_KMS: `http://127.0.0.1:${(kms.address() as AddressInfo).port}`,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
    };
  });
  afterAll(async () => {
    kms.closeAllConnections();
    await new Promise((resolve) => kms.close(resolve));
  });

  /** That it covers the token is for kms-signer.test.ts; here it only has to be a signature. */
  const signature = sign('sha256', Buffer.from('anything'), privateKey).toString('base64');
  const deployed = () =>
    runCommand(
      'token.ts',
      [...caller, '--config', plain, '--stack', 'Bus', '--outputs', outputs],
      environment,
    );

  test('KMS signs, with the issuer and audience of its outputs', async () => {
    refuses = false;
    const { code, stdout, stderr } = await deployed();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { kid, claims } = read(stdout, publicKey);
    expect(kid).toBe(thumbprint(publicKey));
    expect(claims).toMatchObject({ iss: 'urn:bus', aud: 'aud', tenant_id: 'acme' });
  });

  test('the names of its claims come from its outputs, of the construct in a stack with other things', async () => {
    refuses = false;
    const fleet = file('fleet.json', {
      Fleet: {
        Url: 'x',
        BusTokenIssuer: 'urn:bus',
        BusTokenAudience: 'aud',
        BusTokenKeyArn: keyArn,
        BusTokenClaims: '{"tenant":"org","agent":"sub"}',
      },
    });
    const { stdout } = await runCommand(
      'token.ts',
      [...caller, '--stack', 'Fleet', '--outputs', fleet],
      environment,
    );
    expect(read(stdout, publicKey).claims).toMatchObject({ iss: 'urn:bus', org: 'acme', sub: 'a1' });
  });

  test('without a file, CloudFormation has the outputs', async () => {
    refuses = false;
    const outputs = { TokenIssuer: 'urn:cf', TokenAudience: 'aud', TokenKeyArn: keyArn };
    const members = Object.entries(outputs).map(
      ([name, value]) => `<member><OutputKey>${name}</OutputKey><OutputValue>${value}</OutputValue></member>`,
    );
    const stacks = `<Stacks><member><StackName>Remote</StackName><Outputs>${members.join('')}</Outputs></member></Stacks>`;
    const cloudFormation = createServer((_request, response) => {
      response.end(
        `<DescribeStacksResponse><DescribeStacksResult>${stacks}</DescribeStacksResult></DescribeStacksResponse>`,
      );
    });
    await new Promise<void>((resolve) => cloudFormation.listen(0, '127.0.0.1', resolve));
    try {
      const { code, stdout, stderr } = await runCommand('token.ts', [...caller, '--stack', 'Remote'], {
        ...environment,
        AWS_REGION: 'eu-central-1',
        AWS_ENDPOINT_URL_CLOUDFORMATION: `http://127.0.0.1:${(cloudFormation.address() as AddressInfo).port}`,
      });
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(read(stdout, publicKey).claims).toMatchObject({ iss: 'urn:cf', tenant_id: 'acme' });
    } finally {
      cloudFormation.closeAllConnections();
      await new Promise((resolve) => cloudFormation.close(resolve));
    }
  });

  test('an error of KMS is one sentence', async () => {
    refuses = true;
    const { code, stdout, stderr } = await deployed();
    expect({ code, stdout, stderr }).toEqual({
      code: 1,
      stdout: '',
      stderr: 'KMS did not read the public key: not you\n',
    });
  });
});
