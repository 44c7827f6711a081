// Caught by: postgres-driver
import 'jose'
