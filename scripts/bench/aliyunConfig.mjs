/** A logferry.yaml that reads the simulated Alibaba Cloud at `url`. `streams`: lines below that key. `more`: other top-level lines. */
export function aliyunConfig(url, streams, more = '') {
  return `
database: { url: "\${DATABASE_URL}" }
log: { level: warn }
${more}
accounts:
  simulated:
    provider: aliyun
    region: cn-hangzhou
    credentials: { type: access_key, accessKeyId: simulated-key-id, accessKeySecret: simulated-key-secret }
    endpoints: { sls: "${url}" }
streams:
  ${streams}
`;
}
