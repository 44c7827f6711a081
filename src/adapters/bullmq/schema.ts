// Where the job queue keeps its tables: apart, so that who has no need of the queue need not load it.

export const JOBS_SCHEMA = 'pawtrail_jobs'
