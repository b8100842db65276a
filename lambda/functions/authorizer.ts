/** Entry point of the REQUEST authorizer: builds what the route needs, once per cold start. */
import { builtInTokenVerifier, oidcTokenVerifier } from '../aws/jwt-token-verifier';
import { jsonLog } from '../aws/json-log';
import { getPublicKey } from '../aws/kms-public-key';
import { systemClock } from '../aws/system-clock';
import { variables } from '../contract';
import { PlatformClock } from '../shared/platform-clock';
import { oneOf, optionalText, text } from './env';
import { authorizerRoute } from '../events/authorizer';

const clock = new PlatformClock(systemClock);
const expected = { issuer: text(variables.tokenIssuer), audience: text(variables.tokenAudience) };
const jwksUri = optionalText(variables.tokenJwksUri);

export const handler = authorizerRoute({
  verifier:
    jwksUri === undefined
      ? builtInTokenVerifier(expected, () => getPublicKey(text(variables.tokenKeyArn)))
      : oidcTokenVerifier(expected, jwksUri),
  settings: {
    tenantClaim: text(variables.tenantClaim),
    agentClaim: text(variables.agentClaim),
    channelsClaim: text(variables.channelsClaim),
    defaultGrants: oneOf(variables.defaultGrants, ['all', 'none']),
  },
  clock,
  log: jsonLog,
});
