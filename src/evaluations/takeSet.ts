/** Gathers the takes of an evaluation: a column each for every model and every further seed. */
import { naturalOrder } from '../files/naturalOrder';
import type { Take } from './evaluation';
import { stepOfTake } from './names';
import type { Settings } from './settings';

export class TakeSet {
  readonly #takes = new Map<string, { readonly model: string; readonly seeds: Set<number> }>();
  readonly #steps: ReadonlyMap<string, number | null>;

  constructor(settings: Settings) {
    this.#steps = new Map(settings.models.map(({ name, step }) => [name, step]));
    const [first = null, ...further] = settings.seeds;
    for (const { name } of settings.models) {
      this.take(name, first, false);
      for (const seed of further) this.take(name, seed, true);
    }
  }

  /** The name of a model's take; a further seed has one of its own. */
  take(model: string, seed: number | null, further: boolean): string {
    const name = further && seed !== null ? `${model}_s${seed}` : model;
    const take = this.#takes.get(name) ?? { model, seeds: new Set() };
    if (seed !== null) take.seeds.add(seed);
    this.#takes.set(name, take);
    return name;
  }

  list(): Take[] {
    return [...this.#takes]
      .map(([name, { model, seeds }]) => {
        const [seed = null] = seeds;
        // Where each prompt has a seed of its own, the take has none.
        return {
          name,
          model,
          seed: seeds.size === 1 ? seed : null,
          step: this.#steps.get(model) ?? stepOfTake(model),
        };
      })
      .sort(byTake);
  }
}

/** base, best, final, numbered by step, then the rest by name; seeds behind their first. */
function byTake(a: Take, b: Take): number {
  return (
    rank(a) - rank(b) ||
    (stepOfTake(a.name) ?? 0) - (stepOfTake(b.name) ?? 0) ||
    naturalOrder(a.model, b.model) ||
    naturalOrder(a.name, b.name)
  );
}

function rank({ model }: Take): number {
  const place = ['base', 'best', 'final'].indexOf(model.replace(/@.*$/, ''));
  if (place >= 0) return place;
  return stepOfTake(model) === null ? 4 : 3;
}
