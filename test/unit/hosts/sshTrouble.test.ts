import { describe, expect, it } from 'vitest';
import { controlFolder } from '../../../src/hosts/controlFolder';
import { sshTrouble, type SshTroubleKind } from '../../../src/hosts/sshTrouble';

const address = { host: 'box', user: null, port: 2222, identity: null, jump: null };
const trouble = (stderr: string, code: number | null = 255, begun = false) =>
  sshTrouble({ begun, code, stderr }, address);

describe('what ssh says', () => {
  it.each<[SshTroubleKind, string]>([
    ['host-key-unknown', 'No ED25519 host key is known for [10.0.0.1]:2222 and you have requested strict checking.\r\nHost key verification failed.'],
    ['auth', 'me@box: Permission denied (publickey,password).'],
    ['auth', 'Received disconnect from 10.0.0.1 port 22:2: Too many authentication failures'],
    ['name', 'ssh: Could not resolve hostname box: Name or service not known'],
    ['refused', 'ssh: connect to host box port 22: Connection refused'],
    ['timeout', 'ssh: connect to host box port 22: Connection timed out'],
    ['timeout', 'ssh: connect to host box port 22: No route to host'],
    ['timeout', 'Timeout, server box not responding.'],
    ['timeout', 'client_loop: send disconnect: Broken pipe'],
    ['timeout', 'Connection to box closed by remote host.'],
    ['proxy', 'kex_exchange_identification: Connection closed by remote host\r\nConnection closed by UNKNOWN port 65535'],
    ['proxy', 'channel 0: open failed: connect failed: Name or service not known\r\nstdio forwarding failed'],
    ['other', 'command-line: line 0: Bad configuration option: nonsense'],
    ['timeout', ''],
    ['other', 'This account is currently not available.'],
  ])('is %s: %s', (kind, stderr) => {
    const { text, command } = trouble(stderr);
    expect(trouble(stderr).kind).toBe(kind);
    expect(text).toMatch(/(box|\. ).*\.$/);
    expect(command).toBeNull();
  }); // prettier-ignore

  it('names the exact command for a key that has changed', () => {
    const warning = '@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\r\n';
    expect(trouble(`${warning}Host key for [10.0.0.1]:2222 has changed and you have requested strict checking.`)).toMatchObject({ kind: 'host-key-changed', command: "ssh-keygen -R '[10.0.0.1]:2222'" });
    expect(trouble(warning).command).toBe("ssh-keygen -R '[box]:2222'");
    expect(trouble(`${warning}Host key for $(id);x has changed and`).command).toBe("ssh-keygen -R '[box]:2222'");
  }); // prettier-ignore

  it('tells a host that is slow from one that is not there', () => {
    expect(trouble('', null, true).text).toMatch(/took too long/);
    expect(trouble('', null).text).toMatch(/does not answer/);
    expect(trouble('Command failed with ENOENT: ssh', null).kind).toBe('no-ssh');
  });
});

it('chooses a folder that leaves room for the name of a socket', () => {
  const home = '/home/me';
  expect(controlFolder({ runtime: '/run/user/1000', home, user: 1000 })).toBe('/run/user/1000/earmark');
  expect(controlFolder({ runtime: undefined, home, user: 1000 })).toBe('/home/me/.ssh/earmark');
  expect(controlFolder({ runtime: 'relative', home: `/${'h'.repeat(60)}`, user: 7 })).toBe('/tmp/earmark-7');
});
