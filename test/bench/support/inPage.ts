/** The script of the page: everything that node calls there. */
export { matchLoudness } from '../../../src/webview/loudnessMatch';
export * from './realTime';
export * from './scenarios';
