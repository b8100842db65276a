/** The check of tokens from the environment, the same at a handshake and in an HTTP request. */
import { fetchJson } from '../../aws/tokens/fetch-json';
import { IssuerKeys } from '../../aws/tokens/issuer-keys';
import { builtInKeys, jwtTokenVerifier, type TokenTerms } from '../../aws/tokens/jwt-token-verifier';
import { getPublicKey } from '../../aws/tokens/kms-public-key';
import { edgeSecretHeader, variables } from '../../contract';
import type { Clock, TokenVerifier } from '../../shared/ports';
import { oneOf, optionalText, text, wholeNumber } from './env';

export function tokenVerifier(clock: Clock): TokenVerifier {
  const issuer = text(variables.tokenIssuer);
  const keyArns = optionalText(variables.tokenKeyArns)?.split(' ');
  const checks = JSON.parse(optionalText(variables.tokenChecks) ?? '{}') as Partial<TokenTerms>;
  const audience = checks.audience === null ? null : text(variables.tokenAudience);
  const keys =
    keyArns === undefined
      ? new IssuerKeys({ issuer, jwksUri: optionalText(variables.tokenJwksUri), fetchJson, clock })
      : builtInKeys(keyArns.map((arn) => () => getPublicKey(arn)));
  return jwtTokenVerifier({ ...checks, issuer, audience }, keys);
}

export function authorizeSettings() {
  return {
    tenantClaim: text(variables.tenantClaim),
    agentClaim: text(variables.agentClaim),
    channelsClaim: text(variables.channelsClaim),
    agentsClaim: optionalText(variables.agentsClaim),
    roleClaim: optionalText(variables.roleClaim),
    defaultGrants: oneOf(variables.defaultGrants, ['all', 'none']),
    maxTokenSeconds: wholeNumber(variables.maxTokenDays) * 86_400,
  };
}

/** `undefined` when requests need not come through the edge. */
export function edgeSecrets() {
  const secrets = [variables.edgeSecret, variables.previousEdgeSecret].flatMap(
    (name) => optionalText(name) ?? [],
  );
  return secrets.length === 0 ? undefined : { header: edgeSecretHeader, secrets };
}
