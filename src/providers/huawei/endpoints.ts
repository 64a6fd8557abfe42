import { endpointUrl } from '../endpointTemplate.ts';

/** The products of Huawei Cloud that LogFerry talks to. */
export const HUAWEI_PRODUCTS = ['iam', 'codearts_check'] as const;
export type HuaweiProduct = (typeof HUAWEI_PRODUCTS)[number];

/** Source: region lists of the official SDKs (November 2026). A token of the regional IAM is valid in its region only. */
const DEFAULT_TEMPLATES: Readonly<Record<HuaweiProduct, string>> = {
  iam: 'https://iam.{region}.myhuaweicloud.com',
  codearts_check: 'https://codearts-check.{region}.myhuaweicloud.com',
};

/** Regions whose endpoint of CodeArts Check the official SDKs agree on. Elsewhere hosts have other names. */
const CHECK_REGIONS: ReadonlySet<string> = new Set([
  'cn-north-4',
  'cn-north-1',
  'cn-east-2',
  'cn-east-3',
  'cn-south-1',
  'la-north-2',
  'sa-brazil-1',
  'ap-southeast-3',
]);

/** False where `endpoints.codearts_check` has to be configured. */
export function hasPublicCheckEndpoint(region: string): boolean {
  return CHECK_REGIONS.has(region);
}

/**
 * Where to connect for a product of a region. A template without a scheme means https.
 * @throws Error when the template is not an endpoint
 */
export function endpointOf(target: {
  readonly product: HuaweiProduct;
  readonly region: string;
  readonly template?: string | undefined;
}): { readonly origin: string; readonly host: string } {
  const template = target.template ?? DEFAULT_TEMPLATES[target.product];
  const { origin, host } = endpointUrl(template.replaceAll('{region}', target.region));
  return { origin, host };
}
