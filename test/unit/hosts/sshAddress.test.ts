import { describe, expect, it } from 'vitest';
import { HumanError } from '../../../src/errors';
import { addressText, parseSshAddress, sshArguments, type SshAddress } from '../../../src/hosts/sshAddress';

const address = (parts: Partial<SshAddress>): SshAddress => ({
  host: 'box',
  user: null,
  port: null,
  identity: null,
  jump: null,
  ...parts,
});

describe('an address', () => {
  it.each<[string, Partial<SshAddress>]>([
    ['box', {}],
    ['  gpu-1.lab.example ', { host: 'gpu-1.lab.example' }],
    ['me@box', { user: 'me' }],
    ['me@corp@box', { user: 'me@corp' }],
    ['10.0.0.7', { host: '10.0.0.7' }],
    ['fe80::1%eth0', { host: 'fe80::1%eth0' }],
    ['ssh://me@box:2222', { user: 'me', port: 2222 }],
    ['ssh://[::1]:22/', { host: '::1', port: 22 }],
    ['ssh box', {}],
    ['ssh ssh', { host: 'ssh' }],
    ['ssh -p 12345 root@box', { user: 'root', port: 12345 }],
    ['ssh root@box -p12345 -i ~/.ssh/id', { user: 'root', port: 12345, identity: '~/.ssh/id' }],
    ['ssh -l u -i "C:\\My keys\\k" -J a@gate:22,gate2 box', { user: 'u', identity: 'C:\\My keys\\k', jump: 'a@gate:22,gate2' }],
  ])('%s', (text, parts) => {
    const parsed = parseSshAddress(text);
    expect(parsed).toEqual(address(parts));
    expect(parseSshAddress(addressText(parsed))).toEqual(parsed);
    expect(sshArguments(parsed).slice(-2)).toEqual(['--', parsed.host]);
  }); // prettier-ignore

  it.each<[string, RegExp]>([
    ['', /Name a host/],
    ['-oProxyCommand=touch x', /can’t be the name of a host/],
    ['me@-oProxyCommand=x', /can’t be the name of a host/],
    ['-l@box', /can’t be the name of a user/],
    ['box;id', /can’t be the name of a host/],
    ['$(id)@box', /can’t be the name of a user/],
    ['box`id`', /can’t be the name of a host/],
    ['box|id', /can’t be the name of a host/],
    ['box\nProxyCommand id', /line break/],
    ['box\u0000', /control character/],
    ['x'.repeat(256), /longer than 255/],
    ['box:2222', /Write a port as ssh:\/\/box:2222/],
    ['me@box:2222', /ssh:\/\/me@box:2222/],
    ['ssh://box:0', /no port/],
    ['ssh://box:65536', /no port/],
    ['box:99999', /“99999” is no port/],
    ['root@', /“root@” is not whole/],
    ['@box', /“@box” is not whole/],
    ['ssh://', /not whole/],
    ['🎸', /can’t be the name of a host/],
    ['my host', /holds a blank/],
    ['root@box -p 22', /Begin with ssh/],
    ['ssh', /names no host/],
    ['ssh -p box', /names no host/],
    ['ssh -p nine box', /“nine” is no port/],
    ['ssh -p', /has no value/],
    ['ssh -i -oProxyCommand=x box', /has no value/],
    ['ssh -o ProxyCommand=x box', /option “-o” is not taken over/],
    ['ssh -L 8080:localhost:8080 box', /option “-L” is not taken over/],
    ['ssh -J -oProxyCommand=x box', /has no value/],
    ['ssh -J gate,-oProxyCommand=x box', /can’t be the name/],
    ['ssh box rm -rf /', /after the host is a command/],
    ['ssh -- -oProxyCommand=x', /option “-o” is not taken over/],
    ['scp me@box:file .', /can’t be the name/],
  ])('refuses %j, and says what to do', (text, words) => {
    expect(() => parseSshAddress(text)).toThrow(HumanError);
    expect(() => parseSshAddress(text)).toThrow(words);
  });

  it('becomes arguments that end with the host', () => {
    const full = address({ user: 'u', port: 7, identity: 'k', jump: 'j' });
    expect(sshArguments(full)).toEqual(['-p', '7', '-l', 'u', '-i', 'k', '-J', 'j', '--', 'box']);
  });
});
