import { describe, expect, it } from 'vitest';
import { ALL_AT_ONCE, wantedClips } from '../../../src/webview/wanted';
import { pageOf } from './pages';

const nothingKnown = (): boolean => false;

describe('clips to be analysed', () => {
  it('begin with the prompt on screen, then its neighbours, then the rows in view', () => {
    const page = pageOf({ prompts: ['a', 'b', 'c', 'd'], takes: ['x'] }, { type: 'go', prompt: 'b' });
    expect(wantedClips(page, ['d'], nothingKnown)).toEqual(['b/x', 'c/x', 'a/x', 'd/x']);
  });

  it('are each asked for once, and not when they are known or not there', () => {
    const page = pageOf({ prompts: ['a', 'b'], takes: ['x', 'y'], missing: ['a/y'], unpromised: ['b/y'] });
    expect(wantedClips(page, ['a', 'b'], (clip) => clip === 'b/x')).toEqual(['a/x']);
  });

  it('are all of them only while they are not too many', () => {
    const prompts = Array.from({ length: ALL_AT_ONCE / 2 + 1 }, (_, i) => `p${i}`);
    const page = pageOf({ prompts, takes: ['x', 'y'] });
    expect(wantedClips(page, ['p9'], nothingKnown)).toEqual(
      ['p0', 'p1', 'p9'].flatMap((prompt) => [`${prompt}/x`, `${prompt}/y`]),
    );
    const fewer = pageOf({ prompts: prompts.slice(1), takes: ['x', 'y'] });
    expect(wantedClips(fewer, [], nothingKnown)).toHaveLength(ALL_AT_ONCE);
  });
});
