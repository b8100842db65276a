/** Entry point of the REQUEST authorizer: builds what the route needs, once per cold start. */
import { jsonLog } from '../aws/json-log';
import { systemClock } from '../aws/system-clock';
import { variables } from '../contract';
import { authorizerRoute } from '../events/web-socket/authorizer';
import { PlatformClock } from '../shared/platform-clock';
import { optionalText } from './environment/env';
import { authorizeSettings, edgeSecrets, tokenVerifier } from './environment/token-checks';

const clock = new PlatformClock(systemClock);

export const handler = authorizerRoute({
  verifier: tokenVerifier(clock),
  settings: authorizeSettings(),
  edge: edgeSecrets(),
  allowedOrigins: optionalText(variables.allowedOrigins)?.split(' '),
  clock,
  log: jsonLog,
});
