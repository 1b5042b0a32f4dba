// Listening to what a page plays. The product knows nothing of it: a script that runs before the page's own puts an
// analyser in front of every audio context's loudspeaker.
import type { Frame, Page } from '@playwright/test';

export interface Heard {
  /** The strongest frequency. */
  hertz: number;
  /** Root mean square of the last 8192 samples in dBFS; -Infinity is silence, or nothing that plays. */
  level: number;
}

interface Ears {
  earmarkEars?: AnalyserNode[];
}

/** Call before the page is opened. Holds for all frames, so for webviews too. */
export async function giveEars(page: Page): Promise<void> {
  await page.addInitScript(listenIn);
}

/** What sounds in this frame now; of several contexts the loudest. `<audio>` elements are not heard. */
export function hear(frame: Frame): Promise<Heard> {
  return frame.evaluate(() => {
    const heard = ((window as Ears).earmarkEars ?? []).map((ear) => {
      const samples = new Float32Array(ear.fftSize);
      ear.getFloatTimeDomainData(samples);
      const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;

      const bins = new Float32Array(ear.frequencyBinCount);
      ear.getFloatFrequencyData(bins);
      let top = 1;
      for (let bin = 2; bin < bins.length - 1; bin++) {
        if ((bins[bin] ?? -Infinity) > (bins[top] ?? -Infinity)) {
          top = bin;
        }
      }
      // Between bins: the parabola through the highest and its neighbours.
      const [left = 0, peak = 0, right = 0] = bins.slice(top - 1, top + 2);
      const shift = (left - right) / (2 * (left - 2 * peak + right));
      const bin = Number.isFinite(shift) ? top + shift : top;
      const level = ear.context.state === 'running' ? 10 * Math.log10(power) : -Infinity;
      return { hertz: (bin * ear.context.sampleRate) / ear.fftSize, level };
    });
    return heard.reduce((loudest, one) => (one.level > loudest.level ? one : loudest), {
      hertz: 0,
      level: -Infinity,
    });
  });
}

function listenIn(): void {
  const ears: AnalyserNode[] = [];
  (window as Ears).earmarkEars = ears;
  const earOf = new WeakMap<BaseAudioContext, AnalyserNode>();
  const own = new WeakSet<AudioNode>();

  /** The analyser before the loudspeaker of a context that plays; offline ones have no loudspeaker. */
  function redirect(from: AudioNode, target: unknown): unknown {
    if (
      !(target instanceof AudioDestinationNode) ||
      !(from.context instanceof AudioContext) ||
      own.has(from)
    ) {
      return target;
    }
    let ear = earOf.get(from.context);
    if (ear === undefined) {
      ear = from.context.createAnalyser();
      ear.fftSize = 8192;
      ear.smoothingTimeConstant = 0;
      own.add(ear);
      earOf.set(from.context, ear);
      ears.push(ear);
      ear.connect(target);
    }
    return ear;
  }

  for (const name of ['connect', 'disconnect'] as const) {
    // eslint-disable-next-line @typescript-eslint/unbound-method -- called with the node that it is called on
    const original = AudioNode.prototype[name] as (this: AudioNode, ...args: unknown[]) => unknown;
    const replacement = function (this: AudioNode, ...args: unknown[]): unknown {
      const [target, ...rest] = args;
      if (args.length === 0) {
        return original.call(this);
      }
      const result = original.call(this, redirect(this, target), ...rest);
      // connect returns its target, for chains
      return result === undefined ? undefined : target;
    };
    Object.defineProperty(AudioNode.prototype, name, {
      value: replacement,
      writable: true,
      configurable: true,
    });
  }
}
