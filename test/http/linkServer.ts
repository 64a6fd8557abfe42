import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { parseHostPattern } from '../../src/domain/hostPattern.ts';
import type { FileAnswer, FileFrom } from '../../src/engine/filePort.ts';
import { LinkError } from '../../src/engine/linkPort.ts';
import { createLinkClient, type LinkClientOptions } from '../../src/http/linkClient.ts';

const FROM_START: FileFrom = { fromByte: 0, etag: null };
export const SECRET = 'verysecret';
export const NOW_MS = Date.parse('2026-11-23T12:00:00Z');

const closing: (() => Promise<void>)[] = [];

/** Closes every server and client that was opened. */
export async function closeLinkServers(): Promise<void> {
  for (const close of closing.splice(0)) await close();
}

/** What was read from a link. */
export interface ReadLink {
  readonly text: string;
  readonly startsAt: number;
  readonly totalBytes: number | null;
  readonly headers: Readonly<Record<string, string>>;
}

async function readWhole(answer: FileAnswer): Promise<ReadLink> {
  const { startsAt, totalBytes, headers } = answer;
  const pieces: Buffer[] = [];
  for await (const piece of answer.body) pieces.push(piece);
  return { text: Buffer.concat(pieces).toString(), startsAt, totalBytes, headers };
}

/** A client for links; what it reads, it reads whole. */
export function linkClient(
  options: { readonly hosts: readonly string[] } & Partial<LinkClientOptions>,
) {
  const { hosts, ...others } = options;
  const allowedHosts = hosts.map(parseHostPattern).filter((pattern) => pattern !== null);
  const client = createLinkClient({ allowedHosts, nowMs: () => NOW_MS, ...others });
  closing.push(() => client.close());
  return {
    client,
    read: (link: string, from = FROM_START, signal = new AbortController().signal) =>
      client.open(link)(from, readWhole, signal),
  };
}

/** A real server, a link to a file of it, and a client that may fetch it. Notes every request. */
export async function serveLinks(
  listener: RequestListener,
  options: Partial<LinkClientOptions> = {},
) {
  const asked: IncomingMessage[] = [];
  const server: Server = createServer((request, response) => {
    asked.push(request);
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  const link = `http://127.0.0.1:${port}/exports/b.csv?Expires=1&Signature=${SECRET}`;
  const { client, read } = linkClient({ hosts: ['127.0.0.1'], ...options });
  return {
    ...{ asked, port, link, client },
    read: (from?: FileFrom, signal?: AbortSignal) => read(link, from, signal),
  };
}

/** The failure of a fetch that must fail. @throws whatever else it threw */
export async function linkFailureOf(fetching: Promise<unknown>): Promise<LinkError> {
  try {
    await fetching;
  } catch (error) {
    if (error instanceof LinkError) return error;
    throw error;
  }
  throw new Error('expected a failure');
}

/** Everything that an error shows to a log, its causes and hidden fields too. */
export function shown(error: Error): string {
  const { stack = '' } = error;
  return [inspect(error, { depth: 10, showHidden: true }), JSON.stringify(error), stack].join();
}
