import { registerHooks } from 'node:module';

/**
 * What @pulumi/pulumi loads to turn functions of a program into code for a Lambda. Our programs never do that: the
 * remediation function is bundled by lambda/bundle.ts. Loading both costs each worker thread about 50 MB.
 */
const packages: ReadonlySet<string> = new Set(['typescript', '@npmcli/arborist']);

const scheme = 'portcullis-not-loaded:';

/** A module that can be loaded; using anything of it throws. With `__esModule` an importer keeps it as it is. */
const moduleFor = (name: string) => `
const refuse = () => {
  throw new Error(${JSON.stringify(`${name} is not loaded here: programs of Portcullis must not serialize functions`)});
};
module.exports = new Proxy(function () {}, {
  get: (_, property) => (property === '__esModule' ? true : refuse()),
  has: refuse, ownKeys: refuse, getOwnPropertyDescriptor: refuse, apply: refuse, construct: refuse,
});
`;

/**
 * Answers @pulumi/pulumi in this thread with modules that throw when they are used, in place of those packages. Call it
 * before @pulumi/pulumi is loaded; other importers get the real packages.
 */
export function omitClosurePackages(): void {
  registerHooks({
    resolve(specifier, context, next) {
      const omitted = packages.has(specifier) && context.parentURL?.includes('/node_modules/@pulumi/pulumi/');
      return omitted
        ? { url: `${scheme}${specifier}`, format: 'commonjs', shortCircuit: true }
        : next(specifier, context);
    },
    load(url, context, next) {
      return url.startsWith(scheme)
        ? { format: 'commonjs', source: moduleFor(url.slice(scheme.length)), shortCircuit: true }
        : next(url, context);
    },
  });
}
