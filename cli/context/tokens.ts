/** Tokens for a context: signed by the key of the laptop gateway or of the deployed stack, or given by the user. */
import { mintOfStack } from '../../bin/mint';
import {
  type ClaimNames,
  createClaims,
  parseAgents,
  parseChannels,
  parseDuration,
} from '../../tokens/claims';
import { signJwt } from '../../tokens/jwt';
import { type Context, originOf } from './context';

/** Whom a token is for. */
export interface TokenWishes {
  readonly tenant: string;
  readonly agent: string;
  /** Comma separated; absent = what the deployment grants. */
  readonly channels?: string;
  /** Comma separated; absent = all of the tenant. */
  readonly agents?: string;
  /** Such as `1h`. */
  readonly expiresIn?: string;
  readonly role?: 'observer' | 'service';
}

/** Stacks of earlier releases do not name them. */
const usualNames: ClaimNames = { tenant: 'tenant_id', agent: 'agent_id', channels: 'channels' };

/** @throws UsageError when the context has no key of its own, TokenError when the wishes are wrong */
export async function mintToken(context: Context, wishes: TokenWishes): Promise<string> {
  const { tenant, agent, channels, agents, expiresIn = '1h', role } = wishes;
  const expiresInSeconds = parseDuration(expiresIn);
  const grants = {
    ...(channels !== undefined && { channels: parseChannels(channels) }),
    ...(agents !== undefined && { agents: parseAgents(agents) }),
    ...(role !== undefined && { role }),
  };
  const outputs = await context.outputs();
  const names = { ...usualNames, ...(JSON.parse(outputs.TokenClaims ?? '{}') as Partial<ClaimNames>) };
  const { issuer, audience, signer } = await mintOfStack(outputs, context.name, keyServiceOf(context));
  const claims = createClaims({
    ...{ issuer, audience, names, tenant, agent, expiresInSeconds, now: new Date() },
    ...grants,
  });
  return signJwt(claims, signer);
}

/** The laptop gateway signs as KMS does, so its key stays with it. */
export function keyServiceOf({ isLaptop, url }: Context) {
  if (!isLaptop) return {};
  return {
    endpoint: `${originOf(url)}/_aws/kms`,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  };
}
