import type { FileEngine } from '../engine/filePort.ts';
import { fetchFile } from './fetchFile.ts';
import { keepFile } from './keepFile.ts';
import { readArchive } from './readArchive.ts';

/** The file engine on this machine's temporary directory (TMPDIR). */
export const fileEngine: FileEngine = { fetch: fetchFile, readArchive, keep: keepFile };
