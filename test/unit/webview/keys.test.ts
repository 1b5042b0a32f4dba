import { describe, expect, it } from 'vitest';
import { keyCommand, type KeyPress } from '../../../src/webview/keys';

const press = (key: string, more: Partial<KeyPress> = {}) =>
  keyCommand({
    key,
    shiftKey: false,
    ctrlKey: false,
    metaKey: false,
    altKey: false,
    isComposing: false,
    repeat: false,
    ...more,
  });

describe('keys', () => {
  it.each([
    ['1', { do: 'take', number: 1 }],
    ['9', { do: 'take', number: 9 }],
    [' ', { do: 'toggle' }],
    ['ArrowLeft', { do: 'seek', by: -1 }],
    ['ArrowRight', { do: 'seek', by: 1 }],
    ['j', { do: 'nextPrompt' }],
    ['K', { do: 'previousPrompt' }],
    ['l', { do: 'loop' }],
    ['M', { do: 'match' }],
    ['n', { do: 'note' }],
    ['u', { do: 'nextUnheard' }],
    ['o', { do: 'overview' }],
    ['?', { do: 'help' }],
    ['Home', { do: 'start' }],
    ['End', { do: 'end' }],
    ['Escape', { do: 'escape' }],
    ['0', null],
    ['q', null],
    ['Tab', null],
  ])('%s', (key, command) => {
    expect(press(key)).toEqual(command);
  });

  it('seeks further with shift', () => {
    expect(press('ArrowLeft', { shiftKey: true })).toEqual({ do: 'seek', by: -5 });
  });

  it("leaves the editor's own shortcuts and input methods alone", () => {
    for (const held of ['ctrlKey', 'metaKey', 'altKey', 'isComposing'] as const) {
      expect(press('k', { [held]: true })).toBeNull();
    }
  });

  it('goes on while held only where that is meant', () => {
    expect(press('j', { repeat: true })).not.toBeNull();
    expect(press('ArrowRight', { repeat: true })).not.toBeNull();
    expect(press(' ', { repeat: true })).toBeNull();
    expect(press('u', { repeat: true })).toBeNull();
  });
});
