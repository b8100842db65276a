/** The outputs of several deployments, Regions and constructs, in one file. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readOutputs } from '../../bin/deployment/outputs';
import { mergeOutputs } from '../../bin/deployment/outputs-file';

const folder = mkdtempSync(path.join(tmpdir(), 'artcafe-outputs-'));
const file = path.join(folder, 'cdk-outputs.json');
const { AWS_REGION: region } = process.env;

afterEach(() => {
  rmSync(file, { force: true });
  if (region === undefined) delete process.env.AWS_REGION;
  else process.env.AWS_REGION = region;
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function deploy(stack: string, outputs: Record<string, string>): void {
  const written = path.join(folder, 'written.json');
  writeFileSync(written, JSON.stringify({ [stack]: outputs }));
  mergeOutputs(file, written);
}

const inRegion = (name: string) => ({
  BaseUrl: `wss://abc.execute-api.${name}.amazonaws.com`,
  TokenIssuer: name,
});

test('a deployment keeps the outputs of others, and overwrites its own', async () => {
  deploy('Bus', { ...inRegion('eu-west-1'), TokenIssuer: 'old' });
  deploy('Bus-blue', inRegion('eu-west-1'));
  deploy('Bus', inRegion('eu-west-1'));
  expect((await readOutputs({ stack: 'Bus', file, directory: folder })).TokenIssuer).toBe('eu-west-1');
  expect((await readOutputs({ stack: 'Bus-blue', file, directory: folder })).BaseUrl).toContain('eu-west-1');
});

test('of one stack in two Regions, AWS_REGION chooses', async () => {
  deploy('Bus', inRegion('eu-west-1'));
  deploy('Bus', inRegion('us-east-1'));
  process.env.AWS_REGION = 'us-east-1';
  expect((await readOutputs({ stack: 'Bus', file, directory: folder })).TokenIssuer).toBe('us-east-1');
  process.env.AWS_REGION = 'us-west-2';
  await expect(readOutputs({ stack: 'Bus', file, directory: folder })).rejects.toThrow(
    'The outputs have "Bus" in several Regions; set AWS_REGION to one of them: eu-west-1/Bus, us-east-1/Bus.',
  );
});

test('of two constructs in one stack, --bus chooses', async () => {
  deploy('Fleet', { OneTokenIssuer: 'one', TwoTokenIssuer: 'two' });
  expect(await readOutputs({ stack: 'Fleet', file, directory: folder, bus: 'Two' })).toEqual({
    TokenIssuer: 'two',
  });
  await expect(readOutputs({ stack: 'Fleet', file, directory: folder })).rejects.toThrow(
    '"Fleet" has several buses; choose one with --bus: One, Two.',
  );
  await expect(readOutputs({ stack: 'Fleet', file, directory: folder, bus: 'Three' })).rejects.toThrow(
    '"Fleet" has no bus "Three", only: One, Two.',
  );
});
