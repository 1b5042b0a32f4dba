/** A network of two machines, this one and a namespace: its link can be cut as a cable is, without a word. Needs root and Linux. */
import { execFileSync } from 'node:child_process';

export interface Network {
  /** The address of this machine, as the other one sees it. */
  readonly address: string;
  /** What a program is started through to run on the other machine. */
  readonly inside: readonly string[];
  /** Drops every packet from now on, or no more. */
  cut(isCut: boolean): void;
  remove(): void;
}

let made = 0;

/** Null where none can be made. */
export function makeNetwork(): Network | null {
  made += 1;
  // The kernel takes a namespace's links down some time after the namespace: no name is used again.
  const name = `em${process.pid}n${made}`;
  const [near, far] = [`${name}a`, `${name}b`];
  const net = `10.213.${(process.pid + made) % 250}`;
  const ip = (...args: string[]): unknown => execFileSync('ip', args, { stdio: 'pipe' });
  const firewall = (...args: string[]): unknown =>
    execFileSync('ip', ['netns', 'exec', name, 'iptables', ...args], { stdio: 'pipe' });
  try {
    ip('netns', 'add', name);
    ip('link', 'add', near, 'type', 'veth', 'peer', 'name', far, 'netns', name);
    ip('addr', 'add', `${net}.1/30`, 'dev', near);
    ip('link', 'set', near, 'up');
    ip('-n', name, 'addr', 'add', `${net}.2/30`, 'dev', far);
    ip('-n', name, 'link', 'set', far, 'up');
    firewall('-L');
  } catch {
    removed(name);
    return null;
  }
  return {
    address: `${net}.1`,
    inside: ['ip', 'netns', 'exec', name],
    cut: (isCut) => {
      for (const chain of ['INPUT', 'OUTPUT']) firewall(isCut ? '-A' : '-D', chain, '-j', 'DROP');
    },
    remove: () => removed(name),
  };
}

function removed(name: string): void {
  try {
    execFileSync('ip', ['netns', 'del', name], { stdio: 'pipe' });
  } catch {
    // It was never made.
  }
}
