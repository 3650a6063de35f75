// Folders of this machine, as flags about places of images name them. Pure.

/** Undefined where the text is neither an absolute path nor the file:// URL of one. */
export const folderOf = (text: string): string | undefined =>
  /^(?:file:\/\/(?:localhost)?)?(\/.*)$/.exec(text)?.[1];
