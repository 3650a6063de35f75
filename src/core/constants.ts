// The numbers that module and host share. They are written once, in the module's sources; a
// published package has no sources, and the build puts the numbers in place of this file.
export * from '../../asm/constants.ts';
