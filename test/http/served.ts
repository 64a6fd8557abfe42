import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHttpClient, type HttpClient, type HttpLimits } from '../../src/http/client.ts';
import { HttpError } from '../../src/http/httpError.ts';
import type { HttpRequest } from '../../src/http/message.ts';

/** A signal that does not fire. */
export const never = new AbortController().signal;
/** What is open, in the order of opening. */
export const opened: { server: Server; client: HttpClient }[] = [];

/** Closes every server and client that was opened. */
export async function closeServed(): Promise<void> {
  for (const { server, client } of opened.splice(0)) {
    await client.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

/** A real server, and a client for it. */
export async function serve(listener: RequestListener, limits: Partial<HttpLimits> = {}) {
  const server = createServer({ maxHeaderSize: 256 * 1024 }, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = createHttpClient(limits);
  opened.push({ server, client });
  const { port } = server.address() as AddressInfo;
  const request = (extra: Partial<HttpRequest> = {}): HttpRequest => ({
    method: 'GET',
    origin: `http://127.0.0.1:${port}`,
    path: '/downloadjobs?Signature=verysecret',
    headers: {},
    ...extra,
  });
  return {
    client,
    port,
    request,
    send: (extra?: Partial<HttpRequest>) => client.send(request(extra), never),
  };
}

/** The failure of a request that must fail. @throws whatever else it threw */
export async function failureOf(sending: Promise<unknown>): Promise<HttpError> {
  try {
    await sending;
  } catch (error) {
    if (error instanceof HttpError) return error;
    throw error;
  }
  throw new Error('expected a failure');
}
