/** What the demo shows of the tables, run as the analyst role. Also good starting points in docs/queries.md. */
export const demoQueries: readonly { readonly title: string; readonly sql: string }[] = [
  {
    title: 'Export jobs by status',
    sql: `select status, count(*) as jobs, sum(log_count) as log_entries, pg_size_pretty(sum(file_size)) as files
from download_jobs
group by status
order by jobs desc;`,
  },
  {
    title: 'What failed, and why',
    sql: `select name, logstore, settled_at::timestamp(0) as settled_at, error_message
from download_jobs
where status = 'ERROR'
order by settled_at desc;`,
  },
  {
    title: 'Exported files: fetched, verified, loaded',
    sql: `select job, content_type, compression, pg_size_pretty(bytes) as size, etag_verified, rows, log_count, status
from analytics.export_files
order by ended_at desc
limit 5;`,
  },
  {
    title: 'The rows of the export that was ordered',
    sql: `select content ->> 'service' as service, count(*) as errors, min(logged_at)::timestamp(0) as first_at
from analytics.export_rows
where job = 'demo-errors'
group by 1
order by errors desc;`,
  },
  {
    title: 'Delivery jobs of ActionTrail, and how far each region is',
    sql: `select job_id, trail_name, status, start_time::date as events_from, end_time::date as events_to,
  (select string_agg(region || ' ' || r.status, ', ') from jsonb_to_recordset(region_statuses) as r(region text, status text)) as regions
from delivery_history_jobs
order by created_at desc;`,
  },
  {
    title: 'The history of the job that changed last: every status that was seen, with the time',
    sql: `select job_key as job, coalesce(from_status, '(new)') as from_status, to_status, progress, observed_at::timestamp(0) as observed_at
from job_status_changes
where entry_key = (select entry_key from job_status_changes where from_status is not null order by id desc limit 1)
order by id;`,
  },
  {
    title: 'What the code checks complained about',
    sql: `select sub_job_id, entry_name, level, count(*) as lines, min(logged_at)::timestamp(0) as first_at
from analytics.log_lines_current
where level in ('WARN', 'ERROR')
group by sub_job_id, entry_name, level
order by lines desc
limit 5;`,
  },
  {
    title: 'Errors in the logs, by service',
    sql: `select content ->> 'service' as service, count(*) as errors, max(logged_at)::timestamp(0) as last_at
from project_logs
group by 1
order by errors desc;`,
  },
];
