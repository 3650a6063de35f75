/** A thread's module, from its URL without extension: .ts in a checkout, .js in a package. */
export const moduleOf = ({ href }: URL): URL =>
  new URL(`${href}${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`);
