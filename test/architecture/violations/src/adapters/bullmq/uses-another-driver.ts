// Caught by: bullmq-driver
import 'pg'
