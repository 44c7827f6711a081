// Caught by: outbound-driver
import 'pg'
