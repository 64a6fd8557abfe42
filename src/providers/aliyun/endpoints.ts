import { endpointUrl } from '../endpointTemplate.ts';

/** The products of Alibaba Cloud that LogFerry reads. */
export const ALIYUN_PRODUCTS = ['sls', 'oos', 'actiontrail'] as const;
export type AliyunProduct = (typeof ALIYUN_PRODUCTS)[number];

/** Public endpoints. Source: endpoint pages of the three products (November 2026). */
const DEFAULT_TEMPLATES: Readonly<Record<AliyunProduct, string>> = {
  sls: 'https://{project}.{region}.log.aliyuncs.com',
  oos: 'https://oos.{region}.aliyuncs.com',
  actiontrail: 'https://actiontrail.{region}.aliyuncs.com',
};

/** Where to connect, and what to call the server there. */
export interface Endpoint {
  /** `https://host:port`, nothing after it. */
  readonly origin: string;
  /** The Host header; `host` or `host:port`. */
  readonly host: string;
}

/**
 * The endpoint of a product in a region. A template without a scheme means https. One of SLS without `{project}` is
 * connected to as it is, and the project is sent as the first label of the Host header, as the real service sees it.
 * @throws Error when `project` cannot be a host label, or the template is not an endpoint
 */
export function endpointOf(target: {
  readonly product: AliyunProduct;
  readonly region: string;
  readonly project?: string | undefined;
  readonly template?: string | undefined;
}): Endpoint {
  const { product, region, project } = target;
  const template = target.template ?? DEFAULT_TEMPLATES[product];
  if (project !== undefined && !HOST_LABEL.test(project)) {
    throw new Error('the project name is not one: letters, digits and hyphens, at most 63');
  }
  const namesProject = template.includes('{project}');
  if (namesProject && project === undefined) {
    throw new Error('the endpoint names {project}, but the request has none');
  }
  const { origin, host } = endpointUrl(
    template.replaceAll('{region}', region).replaceAll('{project}', project ?? ''),
  );
  const ownLabel = namesProject || project === undefined ? '' : `${project}.`;
  return { origin, host: `${ownLabel}${host}` };
}

const HOST_LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;
