/** For a toolkit that synthesizes: without credentials, with which it would call AWS, and without reports. */
import { devNull } from 'node:os';

export function offlineEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('AWS_'));
  return {
    ...Object.fromEntries(kept),
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
    AWS_EC2_METADATA_DISABLED: 'true',
    CDK_DISABLE_CLI_TELEMETRY: 'true',
    CDK_DISABLE_VERSION_CHECK: 'true',
    npm_config_update_notifier: 'false',
    // The schema checks take two seconds and matter only for a deployment; `npm run synth` runs them.
    CDK_VALIDATION: 'false',
  };
}
