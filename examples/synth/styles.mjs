// One function a prompt: a small piece in the prompt's style.
// `strength` is how much of the style is there: 0 the base model (right timbre, hardly any style), 1 the first run, 2 the
// second.
import { ambient, lofi, synthPop, techno } from './electric.mjs';
import { blues, bossa, cello, guzheng } from './strings.mjs';

/** id of evaluation_prompts_8.json → (buffer, strength, random) → samples */
export const styles = {
  'lofi-hip-hop': lofi,
  'solo-cello': cello,
  techno,
  'bossa-nova': bossa,
  'synth-pop': synthPop,
  guzheng,
  'delta-blues': blues,
  ambient,
};
