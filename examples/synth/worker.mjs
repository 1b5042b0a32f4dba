// Renders one clip a message.
import { parentPort } from 'node:worker_threads';
import { render } from './render.mjs';

parentPort.on('message', (args) => {
  const samples = render(...args);
  parentPort.postMessage(samples, [samples.buffer]);
});
