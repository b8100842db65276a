/** The console on the port of the laptop gateway, with tokens of this checkout's key. */
import { type ConsoleRole, consoleHandler, type PageHandler } from '../console/server/index';
import { loadOrCreateKey } from '../gateway/index';
import { claimNames, type Settings, tokenTerms } from '../lib/settings/config';
import { createClaims } from '../tokens/claims';
import { signJwt } from '../tokens/jwt';
import { createLocalSigner } from '../tokens/local-signer';
import { localKeyFile } from './command';
import { UsageError } from './usage-error';

/** A page that is open gets a new one in time. */
const tokenSeconds = 3_600;

export function consoleSite(settings: Settings): PageHandler {
  return consoleHandler({
    url: settings.edge === false ? '/' : '/v1',
    name: 'Laptop',
    isLaptop: true,
    roles: ['observer', 'operator'],
    mint: (role, tenant) => mint(settings, role, tenant),
  });
}

async function mint(settings: Settings, role: ConsoleRole, tenant: string): Promise<string> {
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
  return signJwt(claims, createLocalSigner(loadOrCreateKey(localKeyFile)));
}
