/**
 * What `logferry init` writes: a file that parses as it stands, on embedded PostgreSQL, with credentials from the default
 * chain. It uses the variables DATABASE_URL, REDIS_URL and LOGFERRY_WEB_PASSWORD, all of which may be unset.
 */
export const starterYaml = `# LogFerry configuration. Every key, with its meaning: logferry schema
# \${VAR} and \${VAR:-default} come from the environment; $\${ is a literal \${. Unknown keys are errors.
# Put values with { } [ ] , : or # in quotes. Durations: 500ms, 30s, 5m, 1h, 2d. Times are UTC.

database:
  # postgresql://user:password@host:5432/logferry. Unset or empty: embedded PostgreSQL in .logferry/
  url: "\${DATABASE_URL}"

queue:
  # redis://host:6379, or rediss:// for TLS. Unset or empty: the queue is kept in the database above.
  url: "\${REDIS_URL}"
  # How often work that the database knows to be unfinished is queued again.
  requeueEvery: 60s

web:
  # Dashboard, status page, /metrics and /healthz. A password is required when host is not a loopback address.
  host: 127.0.0.1
  port: 8080
  username: ops
  password: "\${LOGFERRY_WEB_PASSWORD}"

log:
  level: info

downloads:
  # Hosts that the files of finished export jobs may be fetched from. An internal endpoint has a private address, and takes
  # its exact name: my-bucket.oss-cn-hangzhou-internal.aliyuncs.com
  allowedHosts: ["*.aliyuncs.com"]
  # Keeps every file as it came:
  # archive: ./exports
  # Bounds of a file: as fetched, unpacked, unpacked by fetched, and of one record.
  # fileMiB: 16384
  # unpackedMiB: 262144
  # ratio: 1000
  # recordKiB: 16384

accounts:
  prod:
    provider: aliyun
    region: cn-hangzhou
    credentials:
      # default: environment (ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET), OIDC, CLI profile, ECS role.
      # Others: access_key, sts, ram_role_arn, oidc_role_arn, ecs_ram_role. For access_key:
      #   type: access_key
      #   accessKeyId: "\${ALIYUN_ACCESS_KEY_ID}"
      #   accessKeySecret: "\${ALIYUN_ACCESS_KEY_SECRET}"
      type: default
    # Only for a private endpoint, or for the simulator (logferry simulate):
    # endpoints:
    #   sls: "https://{project}.{region}-intranet.log.aliyuncs.com"
    #   oos: "https://oos-vpc.{region}.aliyuncs.com"

  # An account of Huawei Cloud, for code-check logs:
  # build:
  #   provider: huawei
  #   region: cn-north-4
  #   # type: password with domain, user and password works as well.
  #   credentials: { type: ak_sk, accessKey: "\${HW_AK}", secretKey: "\${HW_SK}" }

streams:
  # The name of the stream. It stands in the table streams, in metrics and in commands: logferry sync exports
  exports:
    source: aliyun.sls.download_jobs
    account: prod
    # The SLS project whose download jobs are kept in step with.
    project: my-project
    # Five fields, or six with seconds first, in UTC.
    schedule: "* * * * *"
    # Rows asked for per request. The server may give fewer.
    pageSize: 100
    # true: the files of finished jobs are fetched and loaded into download_files and download_rows.
    download: false
    # How the status of unfinished download jobs is asked.
    track:
      pollMin: 5s
      pollMax: 5m
      # A job that is not finished after this time is reported overdue, and polled on slowly.
      deadline: 1d

  # Jobs that deliver historical events of ActionTrail. The region of the account must be the home region of the trail.
  # trail:
  #   source: aliyun.actiontrail.delivery_history_jobs
  #   account: prod
  #   schedule: "*/10 * * * *"

  # Log archives of code checks (CodeArts Check), every line of them:
  # checklogs:
  #   source: huawei.codearts_check.log_files
  #   account: build
  #   subJobIds: [a777ff00d3cf4d369d87066806aexxxx]
  #   # The zone of times in the logs that name none. Left out: such times are kept as text only.
  #   utcOffset: "+08:00"
  #   schedule: "*/10 * * * *"
  # Logs of executions of Operation Orchestration Service (OOS): each is read until it has ended, and once more after that.
  # runbooks:
  #   source: aliyun.oos.execution_logs
  #   account: prod
  #   schedule: "*/2 * * * *"
  #   # Either the executions themselves: executions: [exec-xxx]
  #   # or which of them are found through ListExecutions:
  #   discover:
  #     startedWithin: 7d
  #     # status: Running
  #     # templateName: MyTemplate
  #   # Log entries asked for per request.
  #   maxResults: 50
  #   # Last entries may come in so long after the end of an execution.
  #   settle: 30s

  # Logs, by SQL: each row once, read by windows of time.
  # errors:
  #   source: aliyun.sls.project_logs
  #   account: prod
  #   project: my-project
  #   logstore: my-logstore
  #   # Which logs. The fields used here need an index.
  #   where: "level = 'ERROR'"
  #   # Or a whole query: "SELECT ... WHERE __time__ >= :from AND __time__ < :to". Figures without __time__ are stored per window.
  #   schedule: "*/5 * * * *"
  #   # Time range of one request; how long before now the last one ends; how late logs may come in.
  #   window: 5m
  #   settle: 3m
  #   lookback: 15m
  #   # Rows of one answer, up to 1000000. A window with more is split.
  #   limit: 100000
  #   # Requests to the project at a time.
  #   concurrency: 4
  #   # How long rows are kept, by their own time. Left out: for ever.
  #   # retention: 90d

# Exports that LogFerry orders by itself, one for each range of time, each once; missed ones are caught up with. A stream of
# aliyun.sls.download_jobs orders and follows them.
# exports:
#   daily-errors:
#     stream: exports
#     logstore: my-logstore
#     query: "level: ERROR"
#     # 1h, 2h, 3h, 4h, 6h, 8h, 12h or whole days, from this time on, beginning at midnight of this zone.
#     every: 1d
#     start: "2026-11-01T00:00:00Z"
#     utcOffset: "+08:00"
#     # Ordered so long after the end of the range: late logs come in until then.
#     settle: 1h
#     format: csv
#     compression: gzip
#     # How often a failed one is ordered again, and how many may be under way at a time.
#     retries: 2
#     parallel: 1
`;
