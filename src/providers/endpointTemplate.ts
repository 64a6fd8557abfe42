/** True for `host`, `host:port`, `http://host:port` and `https://...`, with or without `{project}` and `{region}`. */
export function isEndpointTemplate(template: string): boolean {
  try {
    endpointUrl(template.replaceAll('{region}', 'region').replaceAll('{project}', 'project'));
    return true;
  } catch {
    return false;
  }
}

/** Nothing but scheme, host and port: a path would be lost, and a user name or query may be a secret. */
const ENDPOINT = /^(?:https?:\/\/)?(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?\/?$/i;

/**
 * Reads an endpoint whose places are filled in; https where it names no scheme.
 * @throws Error when it is not one
 */
export function endpointUrl(address: string): URL {
  if (!ENDPOINT.test(address)) {
    throw new Error('an endpoint is http:// or https://, a host and perhaps a port, nothing else');
  }
  return new URL(/^https?:\/\//i.test(address) ? address : `https://${address}`);
}
