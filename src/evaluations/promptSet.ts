/** Gathers the prompts of an evaluation. The clip of another prompt must never be shown: in doubt they are two. */
import type { Prompt } from './evaluation';
import { promptId, readClipName, slugOf } from './names';

export interface GatheredPrompt {
  readonly id: string;
  text: string;
  /** The text as a file name would begin with it. */
  textSlug: string;
  /** Numbers and words in the names of its clips. */
  readonly numbers: Set<number>;
  readonly slugs: Set<string>;
  /** Only known by the name of a clip. */
  readonly own: boolean;
}

/** Longer ones, or ones with control characters, are no names that a person gave. */
const niceId = /^[^\p{Cc}]{1,200}$/u;

export class PromptSet {
  readonly #byId = new Map<string, GatheredPrompt>();
  /** Normalised words → prompts; two when a set holds the same words twice under ids of its own. */
  readonly #byText = new Map<string, GatheredPrompt[]>();
  readonly #byStem = new Map<string, Set<GatheredPrompt>>();
  readonly #byNumber = new Map<number, Set<GatheredPrompt>>();

  /** The prompt of an index row. `differs` when its id is known with other words: it is then a prompt of its own. */
  add(givenId: string | null, text: string): { readonly prompt: GatheredPrompt; readonly differs: boolean } {
    if (givenId === null) {
      const known = this.#byText.get(words(text)) ?? [];
      const [only] = known;
      if (only !== undefined && known.length === 1) return { prompt: only, differs: false };
      return this.#withId(promptId(text), text);
    }
    return this.#withId(niceId.test(givenId) ? givenId : promptId(givenId), text);
  }

  /** Remembers the name of a clip, so that clips that no row names can be told to be of the same prompt. */
  named(prompt: GatheredPrompt, stem: string): void {
    const { number, slug } = readClipName(stem);
    prompt.slugs.add(slug);
    put(this.#byStem, stem, prompt);
    if (number === null) return;
    prompt.numbers.add(number);
    if (!prompt.own) put(this.#byNumber, number, prompt);
  }

  /** The one prompt that has another clip of this name, or null. */
  withStem(stem: string): GatheredPrompt | null {
    return onlyOf(this.#byStem.get(stem) ?? new Set());
  }

  /** The one prompt that the number and words of this name can mean, or null. */
  alike(stem: string): GatheredPrompt | null {
    const { number, slug } = readClipName(stem);
    if (number !== null) {
      const prompt = onlyOf(this.#byNumber.get(number) ?? new Set());
      return prompt !== null && (slug === '' || begins(prompt, slug)) ? prompt : null;
    }
    if (slug === '') return null;
    return onlyOf(new Set([...this.#byId.values()].filter((prompt) => !prompt.own && begins(prompt, slug))));
  }

  /** A prompt known only by the name of its clips. */
  own(stem: string): GatheredPrompt {
    const { prompt } = this.#withId(promptId(stem), stem, true);
    this.named(prompt, stem);
    return prompt;
  }

  /** In order, numbered from 1: by the number in its clips' names where it is the first to have it, else by order of mention. */
  list(used: ReadonlySet<string>): Prompt[] {
    const prompts = [...this.#byId.values()].filter((prompt) => used.has(prompt.id));
    // Some scripts count from 0; a person counts from 1.
    const shift = prompts.some(({ numbers }) => numbers.has(0)) ? 1 : 0;
    const taken = new Set<number>();
    const claimed = prompts.map(({ numbers }) => {
      const [number] = numbers;
      if (numbers.size !== 1 || number === undefined || taken.has(number + shift)) return null;
      taken.add(number + shift);
      return number + shift;
    });
    let last = 0;
    for (const number of taken) last = Math.max(last, number);
    return prompts
      .map(({ id, text }, index) => ({ id, text, number: claimed[index] ?? ++last }))
      .sort((a, b) => a.number - b.number);
  }

  #withId(id: string, text: string, own = false): { prompt: GatheredPrompt; differs: boolean } {
    const known = this.#byId.get(id);
    if (known === undefined) return { prompt: this.#create(id, text, own), differs: false };
    if (text === '' || words(known.text) === words(text)) return { prompt: known, differs: false };
    if (known.text === '') {
      known.text = text;
      known.textSlug = slugOf(text);
      this.#index(known);
      return { prompt: known, differs: false };
    }
    const otherId = `${id}~${promptId(text)}`;
    const other = this.#byId.get(otherId) ?? this.#create(otherId, text, own);
    return { prompt: other, differs: true };
  }

  #create(id: string, text: string, own: boolean): GatheredPrompt {
    const prompt: GatheredPrompt = {
      id,
      text,
      textSlug: slugOf(text),
      numbers: new Set(),
      slugs: new Set(),
      own,
    };
    this.#byId.set(id, prompt);
    this.#index(prompt);
    return prompt;
  }

  #index(prompt: GatheredPrompt): void {
    if (prompt.text === '' || prompt.own) return;
    const key = words(prompt.text);
    const known = this.#byText.get(key);
    if (known === undefined) this.#byText.set(key, [prompt]);
    else known.push(prompt);
  }
}

/** White space aside; capitals count, as they change what a model makes of a prompt. */
export function words(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

/** Whether the words of a file's name are those of another clip of the prompt, or begin its text. */
function begins(prompt: GatheredPrompt, slug: string): boolean {
  return prompt.slugs.has(slug) || (slug.length >= 3 && prompt.textSlug.startsWith(slug));
}

function onlyOf(prompts: ReadonlySet<GatheredPrompt>): GatheredPrompt | null {
  const [only] = prompts;
  return only !== undefined && prompts.size === 1 ? only : null;
}

function put<K>(map: Map<K, Set<GatheredPrompt>>, key: K, prompt: GatheredPrompt): void {
  const set = map.get(key);
  if (set === undefined) map.set(key, new Set([prompt]));
  else set.add(prompt);
}
