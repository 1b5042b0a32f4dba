/** What a key does in the comparison, while no text is being typed. */
export type KeyCommand =
  | { readonly do: 'take'; readonly number: number }
  | { readonly do: 'toggle' | 'nextPrompt' | 'previousPrompt' | 'loop' | 'escape' | 'match' | 'note' }
  | {
      readonly do: 'nextUnheard' | 'overview' | 'help' | 'loopStart' | 'loopEnd' | 'start' | 'end' | 'filter';
    }
  | { readonly do: 'seek'; readonly by: number };

export interface KeyPress {
  readonly key: string;
  readonly shiftKey: boolean;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly isComposing: boolean;
  readonly repeat: boolean;
}

const letters: Readonly<Record<string, KeyCommand>> = {
  ' ': { do: 'toggle' },
  j: { do: 'nextPrompt' },
  k: { do: 'previousPrompt' },
  l: { do: 'loop' },
  m: { do: 'match' },
  n: { do: 'note' },
  u: { do: 'nextUnheard' },
  o: { do: 'overview' },
  f: { do: 'filter' },
  '[': { do: 'loopStart' },
  ']': { do: 'loopEnd' },
  '?': { do: 'help' },
  home: { do: 'start' },
  end: { do: 'end' },
  escape: { do: 'escape' },
};

/** Held down, these go on; the others act once a press. */
const repeating = new Set(['nextPrompt', 'previousPrompt', 'seek']);

/** Null for every key that is the editor's own or means nothing here. */
export function keyCommand(press: KeyPress): KeyCommand | null {
  if (press.ctrlKey || press.metaKey || press.altKey || press.isComposing) return null;
  const command = commandOf(press);
  return command !== null && press.repeat && !repeating.has(command.do) ? null : command;
}

function commandOf(press: KeyPress): KeyCommand | null {
  if (press.key === 'ArrowLeft') return { do: 'seek', by: press.shiftKey ? -5 : -1 };
  if (press.key === 'ArrowRight') return { do: 'seek', by: press.shiftKey ? 5 : 1 };
  if (/^[1-9]$/u.test(press.key)) return { do: 'take', number: Number(press.key) };
  return letters[press.key.toLowerCase()] ?? null;
}
