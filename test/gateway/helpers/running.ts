/**
 * Starts gateways for a test file and stops every one of them afterwards, whatever the tests did.
 * Each test gets the gateway together with the recorder of its log.
 */
import { join } from 'node:path';
import { type Gateway, type GatewayOptions, startGateway } from '../../../gateway';
import { type Fixture, removeTemporaryFolders, temporaryFolder, writeAssembly } from './assembly';
import { Recorder } from './recorder';

export interface Running {
  gateway: Gateway;
  recorder: Recorder;
  /** Address of the bare stage. */
  url: string;
  /** Where a connection is managed. */
  connectionUrl(connectionId: string): string;
}

const started: Gateway[] = [];

export async function run(fixture: Fixture, options: Partial<GatewayOptions> = {}): Promise<Running> {
  const recorder = new Recorder();
  const gateway = await startGateway({
    assembly: writeAssembly(fixture),
    keyFile: join(temporaryFolder(), 'key.pem'),
    log: recorder.log,
    ...options,
  });
  started.push(gateway);
  return {
    gateway,
    recorder,
    url: `${gateway.urls.base}/ws`,
    connectionUrl: (id) => `${gateway.endpoints.callback}/@connections/${encodeURIComponent(id)}`,
  };
}

export async function stopAll(): Promise<void> {
  await Promise.all(started.splice(0).map((gateway) => gateway.stop()));
  removeTemporaryFolders();
}
