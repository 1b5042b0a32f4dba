/**
 * Milliseconds between two looks at the jobs of a host while somebody watches, on this machine and elsewhere. What is told there is on
 * screen half as long after on average; each look takes its share of a processor (`npm run bench -- remote` has both).
 */
export const LOOK_HERE_MS = 1000;
export const LOOK_ELSEWHERE_MS = 1200;
