// The numbers that module and host must agree on. They stand once, in the module's sources; in a
// published package, which has none, the build puts them in the place of this file.
export * from '../../asm/constants.ts';
