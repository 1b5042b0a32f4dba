import { COLOURS } from './lane';

/**
 * The colours of takes come from the theme by comparison.css (`--take-0` …). Canvases need them as values, and text needs
 * them only where the theme leaves enough contrast; this reads them and sets `--take-text-0` … accordingly.
 */
export interface TakeColours {
  /** A CSS colour. */
  wave(colour: number): string;
  readonly foreground: string;
  readonly muted: string;
}

/** The class that gives an element its take's colour as `--take` and, for text, `--take-text`. */
export function takeClass(colour: number): string {
  return `take-${colour}`;
}

export function readTakeColours(): TakeColours {
  const root = document.documentElement;
  const probe = document.createElement('span');
  document.body.append(probe);
  const resolve = (css: string): string => {
    probe.style.color = '';
    probe.style.color = css;
    return getComputedStyle(probe).color;
  };
  const background = resolve('var(--vscode-editor-background)');
  const waves = Array.from({ length: COLOURS }, (_, i) => resolve(`var(--take-${i})`));
  waves.forEach((colour, i) => {
    const legible = contrast(parse(colour), parse(background)) >= 5;
    root.style.setProperty(`--take-text-${i}`, legible ? colour : 'var(--vscode-editor-foreground)');
  });
  const foreground = resolve('var(--vscode-editor-foreground)');
  const muted = resolve('var(--vscode-descriptionForeground)');
  probe.remove();
  return { wave: (colour) => waves[colour % COLOURS] ?? foreground, foreground, muted };
}

/** Calls back when the editor has put another theme on the page. */
export function onThemeChange(listener: () => void): void {
  const observer = new MutationObserver(listener);
  observer.observe(document.body, { attributes: true, attributeFilter: ['class', 'data-vscode-theme-id'] });
}

type Rgb = readonly [number, number, number];

/** `rgb(…)` or `rgba(…)`, as computed styles give colours. */
function parse(colour: string): Rgb {
  const [r = 0, g = 0, b = 0] = (colour.match(/[\d.]+/gu) ?? []).map(Number);
  return [r, g, b];
}

/** Contrast ratio of WCAG 2.2, from relative luminance. */
export function contrast(a: Rgb, b: Rgb): number {
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

function luminance([r, g, b]: Rgb): number {
  const [x = 0, y = 0, z = 0] = [r, g, b].map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * x + 0.7152 * y + 0.0722 * z;
}
