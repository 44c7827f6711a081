// Caught by: pino-driver
import 'pg'
