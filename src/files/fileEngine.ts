import type { FileEngine } from '../engine/filePort.ts';
import { fetchFile } from './fetchFile.ts';
import { keepFile } from './keepFile.ts';
import { readArchive } from './readArchive.ts';
import { readExport } from './records/readExport.ts';
import { verifyFile } from './verifyFile.ts';

/** The file engine on this machine's temporary directory (TMPDIR). */
export const fileEngine: FileEngine = {
  fetch: fetchFile,
  verify: verifyFile,
  readArchive,
  readExport,
  keep: keepFile,
};
