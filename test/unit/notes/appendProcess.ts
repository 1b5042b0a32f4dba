/** Another window of the same rater: appends lines to one file. Arguments: file, name, count. Starts when told to. */
import { appendLine } from '../../../src/notes/appendLine';
import { formatRecord } from '../../../src/notes/record';
import { record } from './records';

const [file = '', name = '', count = '0'] = process.argv.slice(2);

process.on('message', () => void work());
process.send?.('ready');

async function work(): Promise<void> {
  for (let index = 0; index < Number(count); index += 1) {
    // Some lines longer than a page of memory or of a pipe.
    const text = `${name} `.repeat(index % 50 === 0 ? 4000 : 20);
    await appendLine(file, formatRecord(record({ id: `${name}-${index}`, by: name, text })));
  }
  process.disconnect();
}
