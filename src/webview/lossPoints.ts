/** The points of a run's curves as the chart wants them. */
import type { RunState } from '../protocol';

type LossPoint = RunState['train'][number];

/** Cross-entropy in nats of a model that takes all 2048 entries of a codebook for equally likely: EnCodec's at 32 kHz. */
export const UNIFORM_LOSS = Math.log(2048);

export interface Curves {
  /** Steps, rising, each once. */
  readonly steps: readonly number[];
  /** At those steps: undefined where nothing was logged, null where what was logged is no number. */
  readonly train: readonly (number | null | undefined)[];
  readonly valid: readonly (number | null | undefined)[];
}

/** Both curves on one axis. Where a step was logged twice (training was resumed before it), the later line counts. */
export function curvesOf(train: readonly LossPoint[], valid: readonly LossPoint[]): Curves {
  const trained = byStep(train);
  const validated = byStep(valid);
  const steps = [...new Set([...trained.keys(), ...validated.keys()])].sort((a, b) => a - b);
  return {
    steps,
    train: steps.map((step) => trained.get(step)),
    valid: steps.map((step) => validated.get(step)),
  };
}

/**
 * Range of the loss axis, in nats. It takes in the line of uniform guessing when the loss is above it or comes within one nat; far below,
 * the line would only flatten the curve.
 */
export function lossRange(lowest: number, highest: number): [number, number] {
  const near = highest > UNIFORM_LOSS - 1;
  const from = near ? Math.min(lowest, UNIFORM_LOSS) : lowest;
  const to = near ? Math.max(highest, UNIFORM_LOSS) : highest;
  const margin = Math.max((to - from) * 0.08, 0.02);
  return [from - margin, to + margin];
}

/** Decimals that tell values of this distance apart exactly: 2 for 0.25; at most 6. */
export function digitsOf(distance: number): number {
  const exact = [0, 1, 2, 3, 4, 5].find((digits) => {
    const scaled = distance * 10 ** digits;
    return Math.abs(scaled - Math.round(scaled)) < 1e-6;
  });
  return exact ?? 6;
}

/** At most `most` of `items`, evenly spread, always with the first and the last. */
export function thinned<T>(items: readonly T[], most: number): T[] {
  if (items.length <= most) return [...items];
  const stride = (items.length - 1) / (most - 1);
  return Array.from({ length: most }, (_, i) => items[Math.round(i * stride)]).filter(
    (item) => item !== undefined,
  );
}

/** The lowest finite point; the first of several. */
export function lowest(
  points: readonly LossPoint[],
): { readonly step: number; readonly loss: number } | null {
  let best: { readonly step: number; readonly loss: number } | null = null;
  for (const { step, loss } of points) {
    if (loss !== null && (best === null || loss < best.loss)) best = { step, loss };
  }
  return best;
}

function byStep(points: readonly LossPoint[]): ReadonlyMap<number, number | null> {
  return new Map(points.map(({ step, loss }) => [step, loss]));
}
