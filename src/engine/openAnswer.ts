import { byteCountOf } from '../domain/byteCount.ts';
import type { ApiRequest, CloudApi } from '../providers/apiRequest.ts';
import type { OpenFile } from './filePort.ts';

/** A file that an API answers a request with. These APIs know no ranges: every try begins at the first byte. */
export function openAnswer(api: Pick<CloudApi, 'stream'>, request: ApiRequest): OpenFile {
  return (_from, consume, signal) =>
    api.stream(
      request,
      ({ headers, body }) => {
        const totalBytes = byteCountOf(headers['content-length']);
        return consume({ headers, body, startsAt: 0, totalBytes });
      },
      signal,
    );
}
