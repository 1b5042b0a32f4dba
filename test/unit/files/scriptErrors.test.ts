import * as l10n from '@vscode/l10n';
import { afterEach, describe, expect, it } from 'vitest';
import { errorWords, inWords } from '../../../src/files/scriptErrors';
import chinese from '../../../l10n/bundle.l10n.zh-cn.json';
import samples from './scriptErrors.json';

afterEach(() => l10n.config({ contents: {} }));

/** Where a value decides between two sentences, the other one. */
const others = [
  ['adapter-other-base', { ...samples['adapter-other-base'], wanted: null }],
  ['model-other-base', { ...samples['model-other-base'], shape: null }],
  ['checkpoint-missing', { ...samples['checkpoint-missing'], there: [] }],
] as const;

it.each([...Object.entries(samples), ...others])(
  '%s is said in the language of the display',
  (says, values) => {
    const english = errorWords(says, values);
    expect(english).toMatch(/\w/);
    expect(english).not.toMatch(/\{\d\}|undefined|null|NaN$/);
    l10n.config({ contents: chinese });
    const said = errorWords(says, values);
    expect(said).toMatch(/\p{Script=Han}/u);
    expect(said).not.toMatch(/\{\d\}|undefined|null/);
    // Every value that the English shows is shown.
    for (const value of Object.values<unknown>(values)) {
      if (typeof value === 'string' && english?.includes(value) === true) expect(said).toContain(value);
    }
  },
);

describe('the English of the script is shown for', () => {
  const text = 'as it came';
  it.each([
    ['a sentence without a name', {}],
    ['one of the future', { says: 'quantum', values: {} }],
    ['a name that every object has', { says: 'constructor', values: {} }],
    ['a name that is none', { says: 7, values: {} }],
    ['no values', { says: 'disk-full' }],
    ['values that are none', { says: 'disk-full', values: 'many' }],
    ['a value that is missing', { says: 'write-failed', values: { file: '/a' } }],
    ['a value of another kind', { says: 'nothing-learnt', values: { steps: 'many' } }],
    ['a word of the future', { says: 'data-empty', values: { rows: 1, dropped: [['toString', 1]] } }],
  ])('%s', (_, more) => {
    l10n.config({ contents: chinese });
    expect(inWords({ text, ...more })).toBe(text);
  });

  it('and not for a value more', () => {
    l10n.config({ contents: chinese });
    expect(inWords({ text, says: 'file-missing', values: { file: '/a', since: 3 } })).toBe('/a 不存在。');
  });
});
