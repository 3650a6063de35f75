export const MOST_COMPILED: number;
export function compileCacheOf(root: string): string;
export function boundCompileCache(folder: string, most?: number): void;
