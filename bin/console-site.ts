/** The console on the port of the laptop gateway, with tokens of the gateway's key. */
import {
  type ConsoleOptions,
  type ConsoleRole,
  consoleHandler,
  type PageHandler,
} from '../console/server/index';
import { loadOrCreateKey } from '../gateway/index';
import { claimNames, type Settings, tokenTerms } from '../lib/settings/config';
import { createClaims } from '../tokens/claims';
import { signJwt } from '../tokens/jwt';
import { createLocalSigner } from '../tokens/local-signer';
import { UsageError } from './usage-error';

/** A page that is open gets a new one in time. */
const tokenSeconds = 3_600;

/** @param page folder of the built page; absent = that of the checkout */
export function consoleSite(settings: Settings, keyFile: string, page?: string): PageHandler {
  const options: ConsoleOptions = {
    url: settings.edge === false ? '/' : '/v1',
    name: 'Laptop',
    isLaptop: true,
    roles: ['observer', 'operator'],
    mint: (role, tenant) => mint(settings, keyFile, role, tenant),
  };
  return consoleHandler(options, page);
}

async function mint(settings: Settings, keyFile: string, role: ConsoleRole, tenant: string): Promise<string> {
  const { issuer, audience } = tokenTerms(settings);
  if (settings.token !== 'built-in' || audience === null) {
    throw new UsageError(`Tokens come from ${issuer}; the console has none of it.`);
  }
  const claims = createClaims({
    issuer,
    audience,
    names: claimNames(settings),
    tenant,
    agent: role === 'observer' ? 'console-observer' : 'console',
    role: role === 'observer' ? 'observer' : 'service',
    expiresInSeconds: tokenSeconds,
    now: new Date(),
  });
  return signJwt(claims, createLocalSigner(loadOrCreateKey(keyFile)));
}
