/** The worker's entry (dist/analysis.js): a file's path comes in, its analysis goes out, one at a time. */
import { parentPort } from 'node:worker_threads';
import { analyseClip } from './analyse';

const port = parentPort;
if (port === null) throw new Error('worker.ts is started by the pool, not by hand');

port.on('message', (file: string) => {
  void analyseClip(file).then((analysis) =>
    port.postMessage(analysis, analysis.peaks === null ? [] : [analysis.peaks.buffer as ArrayBuffer]),
  );
});
