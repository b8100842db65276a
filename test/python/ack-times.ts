/** Prints how long each publish of the JavaScript SDK waits for its ACK, in milliseconds, as JSON: `ack-times.ts URL TOKEN COUNT`. */
import WebSocket from 'ws';
import { PubSub } from '../../clients/javascript/index';

async function main(url: string, token: string, count: number): Promise<void> {
  const client = new PubSub({ url, token, WebSocket });
  const channel = client.channel('acks');
  const times: number[] = [];
  for (let index = 0; index < count; index++) {
    const began = performance.now();
    await channel.publish(index);
    times.push(performance.now() - began);
  }
  console.log(JSON.stringify(times));
  await client.close();
}

const [url = '', token = '', count = '0'] = process.argv.slice(2);
void main(url, token, Number(count));
