/** A capture file that was closed for a while, and is opened again where it was left. */
import { WeirError } from "../base/errors.ts";
import { CaptureFile, FileChangedError } from "./capture-file.ts";

export interface SuspendedFile {
  readonly file: CaptureFile;
  readonly identity: string;
}

/** Throws when it is another file by now, or not as it was left. */
export async function reopen({ file, identity }: SuspendedFile): Promise<CaptureFile> {
  const opened = new CaptureFile(file.path, false, file.startedMs);
  try {
    if (opened.identity !== identity) throw new WeirError("file-changed", "it is another file");
    if (opened.size !== file.size) throw new FileChangedError(file.size, opened.size);
  } catch (error) {
    await opened.close();
    throw error;
  }
  opened.packets = file.packets;
  opened.interfaces = file.interfaces;
  opened.release();
  return opened;
}
