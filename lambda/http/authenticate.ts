/**
 * Who sends a request: the token is verified as at a handshake, and it is looked up whether it has been revoked (HTTP-1).
 */
import { authorize, type AuthorizeSettings, tokenIdentity } from '../agents/authorize';
import type { Caller } from '../shared/caller';
import type { EventClock, LogFields, TokenVerifier } from '../shared/ports';
import { HttpProblem } from './http-problem';
import { observerId } from '../shared/subjects';
import type { RevocationCache } from './revocation-cache';

export interface AuthenticateDependencies {
  readonly verifier: TokenVerifier;
  readonly settings: AuthorizeSettings;
  readonly clock: EventClock;
}

const bearer = /^Bearer +([\w.~+/-]+=*) *$/i;

/**
 * `report` gets what the token says of itself once its signature is right, for the audit log.
 * @throws HttpProblem when the token does not say who it is. Throws what the store throws.
 */
export async function authenticate(
  deps: AuthenticateDependencies,
  revocations: RevocationCache,
  authorization: string | undefined,
  report: { token?: LogFields },
): Promise<Caller> {
  const token = bearer.exec(authorization ?? '')?.[1];
  if (token === undefined) throw refused('no bearer token', 'no bearer token');
  const verification = await deps.verifier.verify(token);
  if ('refusedFor' in verification) throw refused(verification.refusedFor);
  const { claims, keyId } = verification;
  report.token = { ...tokenIdentity(claims, deps.settings), kid: keyId };
  const decision = authorize(claims, new Map(), deps.settings, deps.clock.now());
  if (decision.kind !== 'allow') throw refused(decision.reason);
  const { admission } = decision;
  const caller: Caller = {
    ...admission,
    // No socket: nothing is echoed, and no connection of the agent is its own.
    connectionId: '',
    // TOK-11
    agentId: admission.grants.role === 'observer' ? observerId(admission.agentId) : admission.agentId,
    connectedAt: deps.clock.now(),
    tokenExpiresAt: admission.exp * 1_000,
    tokenIssuedAt: admission.iat === undefined ? undefined : admission.iat * 1_000,
    level: 1,
  };
  if (await revocations.isRevoked(caller)) throw refused('revoked', 'revoked'); // TOK-8
  return caller;
}

function refused(reason: string, text?: string): HttpProblem {
  return new HttpProblem({ code: 'unauthorized', text }, reason);
}
