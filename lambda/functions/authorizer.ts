/** Entry point of the REQUEST authorizer: builds what the route needs, once per cold start. */
import { jsonLog } from '../aws/json-log';
import { systemClock } from '../aws/system-clock';
import { fetchJson } from '../aws/tokens/fetch-json';
import { IssuerKeys } from '../aws/tokens/issuer-keys';
import { builtInKeys, jwtTokenVerifier, type TokenTerms } from '../aws/tokens/jwt-token-verifier';
import { getPublicKey } from '../aws/tokens/kms-public-key';
import { edgeSecretHeader, variables } from '../contract';
import { PlatformClock } from '../shared/platform-clock';
import { oneOf, optionalText, text, wholeNumber } from './env';
import { authorizerRoute } from '../events/authorizer';

const clock = new PlatformClock(systemClock);
const issuer = text(variables.tokenIssuer);
const keyArns = optionalText(variables.tokenKeyArns)?.split(' ');
const checks = JSON.parse(optionalText(variables.tokenChecks) ?? '{}') as Partial<TokenTerms>;
const audience = checks.audience === null ? null : text(variables.tokenAudience);
const keys =
  keyArns === undefined
    ? new IssuerKeys({ issuer, jwksUri: optionalText(variables.tokenJwksUri), fetchJson, clock })
    : builtInKeys(keyArns.map((arn) => () => getPublicKey(arn)));
const secrets = [variables.edgeSecret, variables.previousEdgeSecret].flatMap(
  (name) => optionalText(name) ?? [],
);

export const handler = authorizerRoute({
  verifier: jwtTokenVerifier({ ...checks, issuer, audience }, keys),
  settings: {
    tenantClaim: text(variables.tenantClaim),
    agentClaim: text(variables.agentClaim),
    channelsClaim: text(variables.channelsClaim),
    agentsClaim: optionalText(variables.agentsClaim),
    roleClaim: optionalText(variables.roleClaim),
    defaultGrants: oneOf(variables.defaultGrants, ['all', 'none']),
    maxTokenSeconds: wholeNumber(variables.maxTokenDays) * 86_400,
  },
  edge: secrets.length === 0 ? undefined : { header: edgeSecretHeader, secrets },
  allowedOrigins: optionalText(variables.allowedOrigins)?.split(' '),
  clock,
  log: jsonLog,
});
