// Run as a process of its own, so that a time limit can end it: node official-install.mjs <root> <version>
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { PulumiCommand } = require('@pulumi/pulumi/automation/cmd.js');
const { SemVer } = createRequire(require.resolve('@pulumi/pulumi'))('semver');

const [root, version] = process.argv.slice(2);
await PulumiCommand.install({ root, version: new SemVer(version) });
