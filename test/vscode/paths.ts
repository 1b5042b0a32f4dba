import { join, resolve } from 'node:path';

/** The repository. */
export const root = resolve(__dirname, '../..');

/** Where VS Code, browsers and whatever else tests fetch are kept between runs; git ignores it. */
export const cache = join(root, '.vscode-test');

/** The packaged extension, as `npm run package` leaves it. */
export const vsix = join(root, 'dist', 'earmark.vsix');
