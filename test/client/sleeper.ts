/**
 * A process with one client, for a test that stops it: prints a line for each connection that opens.
 */
import WebSocket from 'ws';
import { PubSub } from '../../client/index';

class Announced extends WebSocket {
  constructor(url: string, protocols?: string[]) {
    super(url, protocols);
    this.on('open', () => {
      console.log('open');
    });
  }
}

const { BUS_URL: url = '', BUS_TOKEN: token = '' } = process.env;
void new PubSub({ url, token, WebSocket: Announced }).connect();
