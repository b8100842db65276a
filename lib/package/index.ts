/** The public surface of the package `@artcafe/pubsub-cdk`. */
export type { OutputName } from '../outputs';
export { ArtCafePubSub, type ArtCafePubSubProps } from '../pubsub';
export { SettingsError } from '../settings/settings-error';
