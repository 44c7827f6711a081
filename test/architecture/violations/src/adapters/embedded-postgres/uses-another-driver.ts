// Caught by: embedded-postgres-driver
import 'jose'
