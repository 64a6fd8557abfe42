import type { DownloadSettings } from '../../src/engine/ports.ts';

/** For tests whose streams load no files. */
export const noDownloads: DownloadSettings = {
  links: {
    open: () => () => Promise.reject(new Error('this test fetches no file')),
  },
  fileBytesMax: 1_000_000,
  limits: { unpackedBytesMax: 10_000_000, ratioMax: 1_000, recordBytesMax: 100_000 },
  archive: null,
};
