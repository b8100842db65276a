/**
 * A process with one client, for tests that stop it: prints a line for each connection, and the content of each message of the
 * channel `c` and of its inbox. SIGTERM closes the client; then nothing but the client could hold the process.
 */
import WebSocket from 'ws';
import { PubSub } from '../../clients/javascript/index';

const { BUS_URL: url = '', BUS_TOKEN: token = '' } = process.env;
const client = new PubSub({ url, token, WebSocket });
client.on('state', ({ state }) => {
  if (state === 'connected') console.log('open');
});
const heard = ({ content }: { readonly content: unknown }): void => {
  console.log(String(content));
};
void client.inbox.subscribe(heard);
void client
  .channel('c')
  .subscribe(heard)
  .then(() => {
    console.log('subscribed');
  });
process.once('SIGTERM', () => void client.close());
