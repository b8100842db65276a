/**
 * Stands in the bundles in place of `@aws-sdk/credential-provider-node` (lib/functions/bundling.ts). Lambda hands credentials over in
 * environment variables; the SDK's default chain brings profiles, SSO and four more clients, a quarter of every bundle.
 */
export { fromEnv as defaultProvider } from '@aws-sdk/credential-provider-env';
