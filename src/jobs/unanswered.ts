/** Starts of which nobody knows whether they worked. Who asks for the same again means the same jobs, so that none runs twice. */
import type { PreparedLaunch } from './prepare';

export class Unanswered {
  readonly #launches = new Map<string, PreparedLaunch>();

  keep(launch: PreparedLaunch): void {
    this.#launches.set(wishOf(launch), launch);
  }

  /** The one to start in place of `launch`: itself, unless one that wants the same got no answer. */
  sameAs(launch: PreparedLaunch): PreparedLaunch {
    return this.#launches.get(wishOf(launch)) ?? launch;
  }

  /** What became of a start is known once the host tells of one of its jobs. */
  told(ids: ReadonlySet<string>): void {
    for (const [wish, { jobs }] of this.#launches) {
      if (jobs.some(({ spec }) => ids.has(spec.id))) this.#launches.delete(wish);
    }
  }
}

/** All that a person chose, and nothing that is made up anew for each start. */
function wishOf({ root, jobs }: PreparedLaunch): string {
  const specs = jobs.map(({ spec }) => ({ ...spec, id: '', created: '', after: spec.after.length }));
  return JSON.stringify([root, specs]);
}
