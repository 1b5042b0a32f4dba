#!/usr/bin/env node
// What `runTests` is given as the executable: plain JavaScript, since it is started as a program. The work is in launcher.ts.
import { register } from 'tsx/cjs/api';
import { createRequire } from 'node:module';

register();
createRequire(import.meta.url)('./launcher.ts');
