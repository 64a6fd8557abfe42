-- Rows of SQL answers (SLS GetProjectLogs), by month, and what walks over time windows need: walks of a part of a stream
-- (backfills) beside the live one, and what an answer costs.

create schema partitions;
comment on schema partitions is 'The monthly parts of partitioned tables. Read the tables themselves, in schema public.';

-- No id and no foreign key: written by COPY in millions. The primary key serves three purposes: a row is stored once, a
-- stream's rows of a time range are found, and retention finds what is too old.
create table project_logs (
  stream_id bigint not null,
  entry_key uuid not null,
  logged_at timestamptz(3) not null,
  source text,
  topic text,
  occurrence integer not null,
  window_to timestamptz(3),
  superseded_at timestamptz(3),
  first_seen_at timestamptz(3) not null,
  content jsonb not null,
  primary key (stream_id, logged_at, entry_key)
) partition by range (logged_at);

-- What has no month of its own: times that cannot be right, and whatever comes before its month is made.
create table partitions.project_logs_default partition of project_logs default;

comment on table project_logs is 'A row of a SQL answer of Simple Log Service (GetProjectLogs): a log entry, or a row of an aggregate. Partitioned by month of logged_at.';
comment on column project_logs.stream_id is 'The stream whose query answered the row (streams.id).';
comment on column project_logs.entry_key is 'Identity within the stream: hash of time, content and occurrence.';
comment on column project_logs.logged_at is 'Time of the log entry (__time__). For a row of an aggregate, which has none: start of the window it was computed over.';
comment on column project_logs.source is 'Where the log entry came from (__source__).';
comment on column project_logs.topic is 'Topic of the log entry (__topic__).';
comment on column project_logs.occurrence is 'Entries that are equal in every column within one second are counted from 1: twins are separate rows.';
comment on column project_logs.window_to is 'Only for a row of an aggregate: end of the window it was computed over (exclusive). Null for a log entry.';
comment on column project_logs.superseded_at is 'Only for a row of an aggregate: when a later reading of its window no longer had the row. Null: the row is of the latest reading.';
comment on column project_logs.first_seen_at is 'When LogFerry first saw the row.';
comment on column project_logs.content is 'Every column of the answer as sent, pre-signed links withheld.';
comment on table partitions.project_logs_default is 'Rows of project_logs whose month has no partition.';

alter table walks
  add column partition text not null default '',
  add column repeats integer not null default 0,
  add column reported_rows bigint not null default 0,
  add column processed_rows bigint not null default 0,
  add column elapsed_ms bigint not null default 0;
comment on column walks.partition is 'The part of the stream that was walked: empty text for the live walk, the time range of a backfill.';
comment on column walks.repeats is 'Requests that repeated an incomplete answer. Each one is billed like the first.';
comment on column walks.reported_rows is 'Rows that the source says its stored answers have (x-log-count), summed.';
comment on column walks.processed_rows is 'Rows that the source says it went through (x-log-processed-rows), summed over all answers, incomplete ones too.';
comment on column walks.elapsed_ms is 'Milliseconds that the source says it computed for (x-log-elapsed-millisecond), summed over all answers.';

-- One walk at a time of each part of a stream.
drop index walks_one_running_key;
create unique index walks_one_running_key on walks (stream_id, partition) where outcome = 'running';

comment on column checkpoints.partition is 'Part of the stream with a position of its own; empty text for the live walk.';
comment on column checkpoints.state is 'Position in the terms of the source. Of the live walk: inside that walk, null at its start. Of a part: for good.';

create view analytics.project_logs_current as
  select
    s.name as stream, s.account, l.logged_at, l.source, l.topic, l.content, l.occurrence, l.window_to,
    l.first_seen_at
  from project_logs l
  join streams s on s.id = l.stream_id
  where l.superseded_at is null;

comment on view analytics.project_logs_current is 'Log entries, and rows of aggregates as last read, with the name of their stream. Columns as in project_logs.';

create or replace view analytics.stream_health as
  select
    s.name as stream, s.source, s.account, s.high_water_at, s.last_complete_walk_at,
    extract(epoch from now() - s.last_complete_walk_at) as seconds_since_complete_walk,
    l.outcome as last_walk_outcome, l.started_at as last_walk_started_at,
    l.incomplete_reason as last_walk_incomplete_reason, l.error as last_walk_error,
    w.walks, w.complete_walks, w.incomplete_walks, w.failed_walks,
    (select count(*) from rejected_entries r where r.stream_id = s.id) as rejected_entries,
    (select count(*) from drift_reports d where d.stream_id = s.id) as drift_reports
  from streams s
  left join lateral (
    select outcome, started_at, incomplete_reason, error
    from walks where stream_id = s.id and partition = ''
    order by started_at desc, id desc limit 1
  ) l on true
  cross join lateral (
    select
      count(*) as walks,
      count(*) filter (where outcome = 'complete') as complete_walks,
      count(*) filter (where outcome = 'incomplete') as incomplete_walks,
      count(*) filter (where outcome = 'failed') as failed_walks
    from walks where stream_id = s.id
  ) w;

-- As in the first migration, with what analysts may read by now: tables that are there, and every view.
create or replace procedure analytics.grant_analyst()
language plpgsql
as $$
declare
  readable regclass;
begin
  begin
    if not exists (select from pg_roles where rolname = 'logferry_analyst') then
      create role logferry_analyst nologin;
    end if;
  exception
    when duplicate_object or unique_violation then
      null; -- another database of this server was quicker
    when insufficient_privilege then
      raise notice 'the role logferry_analyst is missing and % may not create it: create it as an administrator, then run: call analytics.grant_analyst()', current_user;
      return;
  end;
  grant usage on schema public, analytics to logferry_analyst;
  for readable in
    select to_regclass(name)
    from unnest(array[
      'public.streams', 'public.walks', 'public.job_status_changes', 'public.rejected_entries',
      'public.drift_reports', 'public.download_jobs', 'public.delivery_history_jobs',
      'public.executions', 'public.execution_logs', 'public.project_logs',
      'public.log_files', 'public.log_file_lines'
    ]) as name
    where to_regclass(name) is not null
    union all
    select c.oid::regclass
    from pg_class c
    where c.relnamespace = 'analytics'::regnamespace and c.relkind = 'v'
  loop
    execute format('grant select on %s to logferry_analyst', readable);
  end loop;
end
$$;
call analytics.grant_analyst();
