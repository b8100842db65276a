/**
 * Two agents: one asks, the other answers. `node examples/request-reply.mjs` beside `npm start`.
 */
import { RequestError } from '@artcafe/pubsub';
import { agent } from './bus.mjs';

const [asker, adder] = [agent('asker'), agent('adder')];
adder.onRequest(({ a, b }) => {
  if (typeof a !== 'number' || typeof b !== 'number') throw new RequestError('I add numbers only');
  return { sum: a + b };
});
await Promise.all([asker.connect(), adder.connect()]);

const { content } = await asker.agent('adder').request({ a: 20, b: 22 });
console.log('The sum is', content.sum);

try {
  await asker.agent('adder').request({ a: 'x', b: 'y' });
} catch (error) {
  console.log('Refused:', error.message);
}

try {
  await asker.agent('nobody').request({ a: 1, b: 1 });
} catch (error) {
  console.log('Without the other agent:', error.code);
}

await Promise.all([asker.close(), adder.close()]);
