// Caught by: prometheus-driver
import 'pino'
